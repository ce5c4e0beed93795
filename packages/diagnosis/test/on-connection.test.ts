/** Whatever is lost, late, unsampled or torn, no request is joined with the root of another on its connection. */
import { describe, expect, it } from "vitest";
import { createNoise } from "../../../test/support/noise.ts";
import { createTornWorld } from "./support/torn-world.ts";

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
  const world = createTornWorld({ maxBytes: 1 << 20, upstreamServices: { shop: "shop" } });
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
      world.at(atMs, () => {
        const lines = ["traceparent", `00-${world.id(32)}-${world.id(16)}-${isUnsampled ? "00" : "01"}`];
        const crossing = world.forward({ localPort, durationMs, endMs: atMs, lines });
        if (!arrives) return;
        if (isTorn && !isUnsampled) outcome.torn += 1;
        world.at(atMs + delayMs, () => {
          if (isTorn) world.root(crossing, span);
          else world.answer(crossing, { ...span, kind: "server", flags: 0x301 });
        });
      });
    }
  }
  world.play(world.clock.ms + 90_000, 50);
  outcome.told += world.pairs.length;
  outcome.wrong += world.pairs.length - world.right(world.pairs);
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
