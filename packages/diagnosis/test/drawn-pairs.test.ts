import { describe, expect, it } from "vitest";
import type { Candidate, Scene } from "../src/candidates.ts";
import { grouped } from "../src/candidates.ts";
import { comparePairs } from "../src/drawn-pairs.ts";
import type { Comparison } from "../src/timing-model.ts";
import { createTimingModel } from "../src/timing-model.ts";
import { createNoise } from "../../../test/support/noise.ts";

const REQUESTS = 700;
const SPAN_MS = 0.4;
/** Of the delays before and after a span, which fall off exponentially. */
const BEFORE_MS = 4;
const AFTER_MS = 16;

interface Told {
  readonly joinable: number;
  readonly strangers: number;
  readonly pairsPerRequest: number;
}

function drawn(candidates: readonly Candidate[], scene: Scene): Comparison {
  return comparePairs(createTimingModel(), candidates, grouped(candidates), scene);
}

/** Requests one a `gapMs`, of which a share has its span; beside them orphans that no request explains. */
function compare(gapMs: number, share: number, strangers: number): Told {
  const noise = createNoise(1);
  const delay = (meanMs: number): number => -meanMs * Math.log(1 - noise());
  const starts: number[] = [];
  const requests = Array.from({ length: REQUESTS }, (_, at) => {
    const startMs = (at + noise()) * gapMs;
    const spanMs = startMs + delay(BEFORE_MS);
    if (noise() < share) starts.push(spanMs);
    return { startMs, endMs: spanMs + SPAN_MS + delay(AFTER_MS) };
  });
  const extentMs = REQUESTS * gapMs;
  for (let at = 0; at < strangers; at += 1) starts.push(noise() * extentMs);
  const candidates: Candidate[] = [];
  for (const [record, { startMs, endMs }] of requests.entries()) {
    const bothMs = endMs - startMs - SPAN_MS;
    const asLong = (Math.exp(-bothMs / AFTER_MS) - Math.exp(-bothMs / BEFORE_MS)) / (AFTER_MS - BEFORE_MS);
    for (const [orphan, atMs] of starts.entries()) {
      const beforeMs = atMs - startMs;
      const afterMs = bothMs - beforeMs;
      if (beforeMs < 0 || afterMs < 0) continue;
      const both = Math.exp(-beforeMs / BEFORE_MS - afterMs / AFTER_MS) / (BEFORE_MS * AFTER_MS);
      candidates.push({ record, orphan, odds: both / asLong, answerable: 1 });
    }
  }
  const due = new Set(requests.keys());
  const compared = drawn(candidates, { due, orphans: starts.length, spanMs: extentMs });
  return {
    joinable: compared.joinable / REQUESTS,
    strangers: compared.strangers,
    pairsPerRequest: candidates.length / REQUESTS,
  };
}

describe("pairings that are drawn", () => {
  it.each([
    [20, 0.8, 140],
    [6, 0.8, 140],
    [2, 0.8, 140],
    [20, 0.4, 140],
    [6, 0.4, 140],
    [20, 0.8, 500],
  ])("tell how many have their span, one a %i ms, %f of them, beside %i strangers", (gapMs, share, strangers) => {
    const told = compare(gapMs, share, strangers);
    expect(Math.abs(told.joinable - share)).toBeLessThan(0.07);
    expect(Math.abs(told.strangers - strangers)).toBeLessThan(0.07 * REQUESTS);
  });

  it("tell numbers whatever the odds are", () => {
    const compared = drawn(
      [
        { record: 1, orphan: 1, odds: Infinity, answerable: 1 },
        { record: 2, orphan: 1, odds: 0, answerable: 1 },
      ],
      { due: new Set([1, 2, 3]), orphans: 1, spanMs: 0 },
    );
    expect(compared.joinable).toBeCloseTo(1);
    expect(compared.strangers).toBeCloseTo(0);
  });

  it("are many at once where requests come close together", () => {
    expect(compare(2, 0.8, 140).pairsPerRequest).toBeGreaterThan(8);
  });

  it("tell nothing of requests whose time has not come, and less of orphans that few may answer", () => {
    const compared = drawn(
      [
        { record: 1, orphan: 1, odds: 1e6, answerable: 0.25 },
        { record: 2, orphan: 2, odds: 1e6, answerable: 1 },
      ],
      { due: new Set([1]), orphans: 2, spanMs: 100 },
    );
    expect(compared.joinable).toBeCloseTo(1);
    expect(compared.strangers).toBeCloseTo(0.75);
  });
});
