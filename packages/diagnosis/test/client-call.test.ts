import { describe, expect, it } from "vitest";
import { createWorld } from "./support/world.ts";
import type { SpanOptions, World } from "./support/world.ts";

/** Ten calls of checkout to shop; what shop exports for them is up to the test. */
function run(answer: (world: World, call: ReturnType<World["span"]>) => void, call: SpanOptions = {}): World {
  const world = createWorld();
  for (let at = 0; at < 10; at += 1) {
    const attributes = { "server.address": "shop" };
    const parentSpanId = world.id(16);
    answer(world, world.span({ service: "checkout", kind: "client", parentSpanId, attributes, ...call }));
    world.wait(730 + at);
  }
  world.pass();
  world.pass("shop", 62_000);
  return world;
}

const within = ({ startMs, endMs }: { startMs: number; endMs: number }) => ({ startMs: startMs + 1, endMs: endMs - 1 });

describe("a call between two services that crosses no border", () => {
  it("is intact where the called service continues it", () => {
    const world = run((it, call) => {
      it.span({ ...within(call), traceId: call.traceId, parentSpanId: call.spanId });
    });
    const report = world.diagnosis.report();
    expect(report.breaks).toEqual([]);
    expect(report.edges).toMatchObject([{ boundary: "checkout", upstream: "shop", verdict: "intact", answered: 10 }]);
  });

  it("is broken where the called service begins traces of its own instead", () => {
    const world = run((it, call) => void it.span(within(call)));
    expect(world.diagnosis.report().breaks).toMatchObject([
      { kind: "dropped-by-callee", edge: { from: "checkout", to: "shop" }, count: 10 },
    ]);
  });

  it("is not counted where it failed, goes to a store or names no target", () => {
    for (const call of [
      { status: { code: "error" as const } },
      { attributes: { "server.address": "shop", "db.system.name": "postgresql" } },
      { attributes: {} },
    ]) {
      const world = run(() => undefined, call);
      expect(world.diagnosis.report().ledger.observed).toBe(0);
    }
  });

  it("is counted once where the exporter delivers it twice", () => {
    const world = run((it, call) => void it.span({ ...call, service: "checkout" }));
    expect(world.diagnosis.report().ledger.observed).toBe(10);
  });
});
