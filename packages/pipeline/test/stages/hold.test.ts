import { describe, expect, it } from "vitest";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { hold } from "../../src/stages/hold.ts";
import { batchOf, never, over } from "../batches.ts";
import { createFixedSink } from "./sinks.ts";

function open(maxBytes = 1_000_000) {
  const clock = createFakeClock();
  const sink = createFixedSink({ kind: "accepted" });
  let early = 0;
  const stage = hold({ holdMs: 1_000, maxBytes, clock, early: (items) => (early += items) })(sink);
  return { clock, sink, stage, early: () => early };
}

describe("hold", () => {
  it("keeps spans back for their time, in their order, and answers what became of them", async () => {
    const { clock, sink, stage } = open();
    const first = batchOf("traces", 1, "first");
    const second = batchOf("traces", 1, "second");
    const answer = stage.accept(first, never);
    clock.advance(400);
    void stage.accept(second, never);
    clock.advance(599);
    expect(sink.batches).toEqual([]);
    clock.advance(1);
    expect(sink.batches).toEqual([first]);
    expect(await answer).toEqual({ kind: "accepted" });
    clock.advance(400);
    expect(sink.batches).toEqual([first, second]);
    expect(clock.pending).toBe(0);
  });

  it("lets metrics and logs pass", async () => {
    const { sink, stage } = open();
    await stage.accept(batchOf("logs", 1), never);
    await stage.accept(batchOf("metrics", 1), never);
    expect(sink.batches.map(({ signal }) => signal)).toEqual(["logs", "metrics"]);
  });

  it("lets the oldest go when it holds too much, and says so", () => {
    const one = batchOf("traces", 2);
    const { sink, stage, early } = open(one.bytes * 2);
    for (let count = 0; count < 5; count++) void stage.accept(one, never);
    expect(sink.batches).toHaveLength(3);
    expect(early()).toBe(6);
  });

  it("lets all go when it closes, and keeps nothing back afterwards", async () => {
    const { clock, sink, stage } = open();
    const answer = stage.accept(batchOf("traces", 1), never);
    await stage.close(never);
    expect(await answer).toEqual({ kind: "accepted" });
    await stage.accept(batchOf("traces", 1), never);
    expect(sink.batches).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it("does not wait for what was broken off", async () => {
    const { sink, stage } = open();
    await stage.accept(batchOf("traces", 1), over);
    expect(sink.batches).toHaveLength(1);
  });
});
