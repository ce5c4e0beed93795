/** Whatever is lost, late, unsampled or torn, no request is joined with the root of another on its connection. */
import { describe, expect, it } from "vitest";
import type { Pair } from "../src/index.ts";
import { createNoise } from "../../../test/support/noise.ts";
import { createWorld } from "./support/world.ts";

const WORLDS = 12;
const REQUESTS = 60;

interface Stream {
  /** Of requests whose context the service drops: it begins a trace, of what left unsampled too. */
  readonly torn: number;
  /** Of requests that leave unsampled. */
  readonly unsampled: number;
  /** Of spans that never arrive. */
  readonly lost: number;
}

interface Outcome {
  /** Sampled requests whose root arrived. */
  torn: number;
  told: number;
  wrong: number;
}

/** Up to three connections with requests one after the other, some after a silence; the clock up to 90 ms off. */
function play(seed: number, { torn, unsampled, lost }: Stream, outcome: Outcome): void {
  const noise = createNoise(seed);
  const pairs: Pair[] = [];
  const truth = new Map<string, string>();
  const world = createWorld({
    maxBytes: 1 << 20,
    paired: (pair) => pairs.push(pair),
    upstreamServices: { shop: "shop" },
  });
  const due: { readonly atMs: number; readonly run: () => void }[] = [];
  const aheadMs = 180 * (noise() - 0.5);
  const connections = 1 + Math.floor(3 * noise());
  const pauseMs = 3 + 60 * noise();
  const lengthMs = 2 + 40 * noise();
  for (let localPort = 40_000; localPort < 40_000 + connections; localPort += 1) {
    let endMs = world.clock.ms + 1_000;
    for (let request = 0; request < REQUESTS; request += 1) {
      const startMs = endMs + (noise() < 0.08 ? 300 + 500 * noise() : -Math.log(1 - noise()) * pauseMs);
      const durationMs = lengthMs * (0.5 + noise());
      endMs = startMs + durationMs;
      const atMs = endMs;
      const times = { startMs: startMs + aheadMs + 0.3 + 1.5 * noise(), endMs: endMs + aheadMs - 0.3 };
      const span = { ...times, attributes: { "network.peer.port": localPort } };
      const isUnsampled = noise() < unsampled;
      const isTorn = noise() < torn;
      const arrives = noise() >= lost && (isTorn || !isUnsampled);
      const delayMs = 300 + 2_500 * noise();
      const forward = (): void => {
        const lines = ["traceparent", `00-${world.id(32)}-${world.id(16)}-${isUnsampled ? "00" : "01"}`];
        const crossing = world.forward({ localPort, durationMs, endMs: atMs, lines });
        if (!arrives) return;
        if (isTorn && !isUnsampled) outcome.torn += 1;
        const run = (): void => {
          if (!isTorn) world.answer(crossing, { ...span, kind: "server", flags: 0x301 });
          else truth.set(world.root(crossing, span).traceId, crossing.verdict.context?.traceId ?? "");
        };
        due.push({ atMs: atMs + delayMs, run });
      };
      due.push({ atMs, run: forward });
    }
  }
  for (const untilMs = world.clock.ms + 90_000; world.clock.ms < untilMs; world.clock.ms += 50) {
    for (let at = due.length - 1; at >= 0; at -= 1) {
      if ((due[at]?.atMs ?? Infinity) <= world.clock.ms) due.splice(at, 1)[0]?.run();
    }
    if (world.clock.ms % 1_000 !== 0) continue;
    world.span({ service: "shop", kind: "internal", parentSpanId: world.id(16) });
    world.diagnosis.tick();
  }
  outcome.told += pairs.length;
  outcome.wrong += pairs.filter(({ root, forwarded }) => truth.get(root.traceId) !== forwarded.traceId).length;
}

describe("requests on kept connections", () => {
  it.each([
    [{ torn: 1, unsampled: 0, lost: 0 }, 0.95],
    [{ torn: 1, unsampled: 0.3, lost: 0 }, 0.95],
    [{ torn: 1, unsampled: 0.3, lost: 0.1 }, 0.3],
    [{ torn: 1, unsampled: 0.3, lost: 0.6 }, 0],
    [{ torn: 0.3, unsampled: 0, lost: 0.05 }, 0.8],
    [{ torn: 0.3, unsampled: 0.5, lost: 0.05 }, 0.4],
  ])("are joined with their own roots where %j: a share of %d and more", (stream, least) => {
    const outcome: Outcome = { torn: 0, told: 0, wrong: 0 };
    for (let seed = 1; seed <= WORLDS; seed += 1) play(seed, stream, outcome);
    expect(outcome.wrong).toBe(0);
    expect(outcome.told).toBeGreaterThan(least * outcome.torn);
  });
});
