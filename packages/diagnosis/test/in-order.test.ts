import { describe, expect, it } from "vitest";
import { createTornWorld } from "./support/torn-world.ts";

interface Loop {
  readonly requests?: number;
  /** From the end of one request to the start of the next. */
  readonly pauseMs?: (request: number) => number;
  /** How far the clock of the service is ahead when it serves the request. */
  readonly aheadMs?: (request: number) => number;
  /** Whether the request leaves unsampled; the service begins a trace of its own and records it all the same. */
  readonly unsampled?: (request: number) => boolean;
  /** Whether the root of the request is exported. */
  readonly arrives?: (request: number) => boolean;
  /** How long after the end of its request a root arrives. */
  readonly delayMs?: (request: number) => number;
}

/** Requests of 10 ms on one connection, all torn, a few seconds after: the pairs told, and how many of them are right. */
function told({
  requests = 20,
  pauseMs = () => 5,
  aheadMs = () => 0,
  unsampled,
  arrives,
  delayMs = () => 1_000,
}: Loop): [number, number] {
  const world = createTornWorld({ maxBytes: 1 << 20, upstreamServices: { shop: "shop" } });
  let endMs = world.clock.ms;
  for (let request = 0; request < requests; request += 1) {
    endMs += 10 + (request === 0 ? 1_000 : pauseMs(request));
    const times = {
      startMs: endMs - 9.5 + (request % 5) / 10 + aheadMs(request),
      endMs: endMs - 0.4 + aheadMs(request),
    };
    const arrivesMs = endMs + delayMs(request);
    const flags = unsampled?.(request) === true ? "00" : "01";
    world.at(endMs, () => {
      const lines = ["traceparent", `00-${world.id(32)}-${world.id(16)}-${flags}`];
      const crossing = world.forward({ localPort: 40_000, durationMs: 10, lines });
      if (arrives?.(request) === false) return;
      world.at(arrivesMs, () => world.root(crossing, { ...times, attributes: { "network.peer.port": 40_000 } }));
    });
  }
  world.play(endMs + 20_000, 1);
  const { pairs } = world;
  expect(pairs.every(({ by }) => by === "connection")).toBe(true);
  return [pairs.length, world.right(pairs)];
}

describe("requests that follow one another on one connection", () => {
  it.each([0, 60, -60])("are joined in their order where the clock is %d ms ahead", (aheadMs) => {
    expect(told({ aheadMs: () => aheadMs })).toEqual([20, 20]);
  });

  it("wait for the roots of those behind them", () => {
    // The first half leaves with one export, the second with the next one, 5 s later.
    expect(told({ delayMs: (request) => (request < 10 ? 500 : 5_500) })).toEqual([20, 20]);
  });

  it("are not joined where a root is missing, which may be that of any", () => {
    const [pairs] = told({ arrives: (request) => request !== 7 });
    expect(pairs).toBe(0);
  });

  it("are joined up to the next silence, whatever is missing behind it", () => {
    const apart = {
      pauseMs: (request: number) => (request === 10 ? 300 : 5),
      arrives: (request: number) => request !== 15,
    };
    expect(told(apart)).toEqual([10, 10]);
  });

  it("are not joined where one was sent before another had ended", () => {
    const [pairs] = told({ pauseMs: () => -5 });
    expect(pairs).toBe(0);
  });

  it("are not joined where no shift of the clock fits them all", () => {
    const [pairs] = told({ aheadMs: (request) => (request === 10 ? 30 : 0) });
    expect(pairs).toBe(0);
  });

  it("are joined where others among them left unsampled and the service records these too", () => {
    expect(told({ unsampled: (request) => request % 3 === 1 })).toEqual([13, 13]);
  });

  it("are not joined with the roots of those that left unsampled", () => {
    const lost = { unsampled: (request: number) => request % 2 === 1, arrives: (request: number) => request % 2 === 1 };
    expect(told({ requests: 2, ...lost })).toEqual([0, 0]);
    expect(told(lost)).toEqual([0, 0]);
  });
});
