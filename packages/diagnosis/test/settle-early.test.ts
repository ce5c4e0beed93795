import { describe, expect, it } from "vitest";
import { createWorld } from "./support/world.ts";
import type { ForwardOptions, SpanOptions, World } from "./support/world.ts";

/** A root of the service for a request that just crossed, delivered after half a second. */
function drop(world: World, forward: ForwardOptions, root: SpanOptions): void {
  const crossing = world.forward(forward);
  world.clock.ms += 500;
  world.root(crossing, root);
  world.wait(1_000);
}

describe("a root that is surely a request's", () => {
  it("ends the wait at once: a quiet service needs no further traffic", () => {
    const world = createWorld();
    drop(world, { localPort: 50_000 }, { attributes: { "network.peer.port": 50_000 } });
    expect(world.diagnosis.report()).toMatchObject({
      breaks: [{ kind: "dropped-by-callee", count: 1, of: 1 }],
      ledger: { observed: 1, missing: 1, waiting: 0 },
    });
  });

  it.each([
    ["a link", { kind: "deliberate-restart" }],
    ["half the trace id", { kind: "truncated-trace-id" }],
    ["the request id", { kind: "dropped-by-callee" }],
  ])("is known by %s", (by, expected) => {
    const world = createWorld();
    const crossing = world.forward({ requestId: "r-1" });
    const { traceId = "", parentId = "" } = crossing.verdict.context ?? {};
    if (by === "a link") world.root(crossing, { links: [{ traceId, spanId: parentId }] });
    else if (by === "the request id") world.root(crossing, { attributes: { "guid:x-request-id": "r-1" } });
    else world.root(crossing, { traceId: `${"0".repeat(16)}${traceId.slice(16)}` });
    world.wait(1_000);
    expect(world.diagnosis.report().breaks).toMatchObject([expected]);
  });

  it("is known by half the trace id as a child too", () => {
    const world = createWorld();
    const crossing = world.forward();
    const traceId = crossing.verdict.context?.traceId ?? "";
    world.answer(crossing, { traceId: `${"0".repeat(16)}${traceId.slice(16)}` });
    world.wait(1_000);
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "truncated-trace-id", count: 1, of: 1 }]);
  });

  it("ends the wait where it came before its crossing, once spans have had their time", () => {
    const world = createWorld();
    const crossing = world.crossing({ localPort: 50_000 });
    world.root(crossing, { attributes: { "network.peer.port": 50_000 } });
    world.wait(1_000);
    world.diagnosis.crossed(crossing);
    world.wait(11_000);
    expect(world.diagnosis.report()).toMatchObject({ breaks: [{ count: 1 }], ledger: { waiting: 0 } });
  });

  it("ends no wait where another request would fit as well", () => {
    const world = createWorld();
    world.forward({ localPort: 50_000 });
    drop(world, { localPort: 50_000 }, { attributes: { "network.peer.port": 50_000 } });
    expect(world.diagnosis.report()).toMatchObject({ breaks: [], ledger: { waiting: 2 } });
  });

  it("is not taken for the request of another border that passed on the same request id", () => {
    const world = createWorld();
    world.forward({ boundary: "eu-out", upstream: "us-edge", requestId: "r-1" });
    drop(world, { requestId: "r-1" }, { attributes: { "guid:x-request-id": "r-1" } });
    const { edges } = world.diagnosis.report();
    expect(edges).toMatchObject([
      { upstream: "us-edge", waiting: 1, missing: 0 },
      { upstream: "shop", waiting: 0, missing: 1 },
    ]);
  });

  it("stands back where the span itself arrives after all", () => {
    const world = createWorld();
    const crossing = world.forward({ localPort: 50_000 });
    world.root(crossing, { attributes: { "network.peer.port": 50_000 } });
    world.wait(1_000);
    world.answer(crossing);
    expect(world.diagnosis.report()).toMatchObject({ breaks: [], ledger: { matched: 1, missing: 0, late: 1 } });
  });
});

describe("the share of a break", () => {
  it("is taken of requests of which it is known what became of them", () => {
    const world = createWorld();
    for (let at = 0; at < 5; at += 1) {
      drop(world, { localPort: 50_000 + at }, { attributes: { "network.peer.port": 50_000 + at } });
    }
    world.forward({ localPort: 60_000 });
    drop(world, { localPort: 60_000 }, { attributes: { "network.peer.port": 60_000 } });
    world.pass();
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: "dropped-by-callee", count: 5, of: 5 });
    expect(found?.evidence).toContain(
      "2 more requests forwarded to shop miss their span; what became of it cannot be told.",
    );
  });
});
