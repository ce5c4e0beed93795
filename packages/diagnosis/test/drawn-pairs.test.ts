import { describe, expect, it } from "vitest";
import type { Drawing, Pairable } from "../src/drawn-pairs.ts";
import { comparePairs } from "../src/drawn-pairs.ts";
import { createTimingModel } from "../src/timing-model.ts";

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

/** Requests one a `gapMs`, of which a share has its span; beside them orphans that no request explains. */
function compare(gapMs: number, share: number, strangers: number): Told {
  let state = 1;
  const noise = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const delay = (meanMs: number): number => -meanMs * Math.log(noise());
  const starts: number[] = [];
  const requests = Array.from({ length: REQUESTS }, (_, at) => {
    const startMs = (at + noise()) * gapMs;
    const spanMs = startMs + delay(BEFORE_MS);
    if (noise() < share) starts.push(spanMs);
    return { startMs, endMs: spanMs + SPAN_MS + delay(AFTER_MS) };
  });
  const extentMs = REQUESTS * gapMs;
  for (let at = 0; at < strangers; at += 1) starts.push(noise() * extentMs);
  const pairs: Pairable[] = [];
  const ofRequest = requests.map(({ startMs, endMs }) => {
    const own: number[] = [];
    const bothMs = endMs - startMs - SPAN_MS;
    const asLong = (Math.exp(-bothMs / AFTER_MS) - Math.exp(-bothMs / BEFORE_MS)) / (AFTER_MS - BEFORE_MS);
    for (const [orphan, atMs] of starts.entries()) {
      const beforeMs = atMs - startMs;
      const afterMs = bothMs - beforeMs;
      if (beforeMs < 0 || afterMs < 0) continue;
      const both = Math.exp(-beforeMs / BEFORE_MS - afterMs / AFTER_MS) / (BEFORE_MS * AFTER_MS);
      own.push(pairs.length);
      pairs.push({ orphan, odds: both / asLong, answerable: 1 });
    }
    return { pairs: own, isDue: true };
  });
  const drawing: Drawing = { ofRequest, requests: REQUESTS, orphans: starts.length, spanMs: extentMs };
  const compared = comparePairs(createTimingModel(), pairs, drawing);
  return {
    joinable: compared.joinable / REQUESTS,
    strangers: compared.strangers,
    pairsPerRequest: pairs.length / REQUESTS,
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
    const pairs: Pairable[] = [
      { orphan: 1, odds: Infinity, answerable: 1 },
      { orphan: 1, odds: 0, answerable: 1 },
    ];
    const ofRequest = [
      { pairs: [0], isDue: true },
      { pairs: [1], isDue: true },
    ];
    const compared = comparePairs(createTimingModel(), pairs, { ofRequest, requests: 3, orphans: 1, spanMs: 0 });
    expect(compared.joinable).toBeCloseTo(1);
    expect(compared.strangers).toBeCloseTo(0);
  });

  it("are many at once where requests come close together", () => {
    expect(compare(2, 0.8, 140).pairsPerRequest).toBeGreaterThan(8);
  });

  it("tell nothing of requests whose time has not come, and less of orphans that few may answer", () => {
    const pairs: Pairable[] = [
      { orphan: 1, odds: 1e6, answerable: 0.25 },
      { orphan: 2, odds: 1e6, answerable: 1 },
    ];
    const ofRequest = [
      { pairs: [0], isDue: true },
      { pairs: [1], isDue: false },
    ];
    const compared = comparePairs(createTimingModel(), pairs, { ofRequest, requests: 1, orphans: 2, spanMs: 100 });
    expect(compared.joinable).toBeCloseTo(1);
    expect(compared.strangers).toBeCloseTo(0.75);
  });
});
