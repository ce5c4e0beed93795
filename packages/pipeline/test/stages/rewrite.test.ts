import { describe, expect, it } from "vitest";
import { encodeSpans, forEachSpan } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { createSpanRepairs, rewrite } from "../../src/stages/rewrite.ts";
import { never } from "../batches.ts";
import { createFixedSink } from "./sinks.ts";

const trace = (id: number): string => id.toString(16).padStart(32, "0");
const id = (id: number): string => id.toString(16).padStart(16, "0");

function spans(...ids: readonly (readonly [traceId: number, spanId: number, parentId?: number])[]): Batch {
  return encodeSpans(
    {},
    { name: "s", version: "1" },
    ids.map(([traceId, spanId, parentId]) => ({
      traceId: trace(traceId),
      spanId: id(spanId),
      ...(parentId === undefined ? {} : { parentSpanId: id(parentId) }),
      name: "GET",
      kind: "server",
      startMs: 1,
      endMs: 2,
      attributes: {},
    })),
  );
}

function open({ maxRepairs = 100, maxAgeMs = 1_000 } = {}) {
  const clock = createFakeClock();
  const sink = createFixedSink({ kind: "accepted" });
  const repairs = createSpanRepairs(maxRepairs, maxAgeMs, clock);
  let rewritten = 0;
  const stage = rewrite({ repairs, rewritten: (count) => (rewritten += count) })(sink);
  const through = async (batch: Batch): Promise<readonly (readonly [string, string, string])[]> => {
    await stage.accept(batch, never);
    const seen: (readonly [string, string, string])[] = [];
    forEachSpan(sink.batches.at(-1) as Batch, (span) => {
      seen.push([span.traceId(), span.spanId(), span.parentSpanId()]);
    });
    return seen;
  };
  return { clock, repairs, through, rewritten: () => rewritten, sink };
}

describe("rewrite", () => {
  it("moves the one span below another parent, and only while it has the parent that was wrong", async () => {
    const { repairs, rewritten, through } = open();
    repairs.add({ kind: "set-parent", traceId: trace(1), spanId: id(2), from: id(66), to: id(7) });
    expect(await through(spans([1, 2, 66], [1, 3, 66], [2, 2, 66]))).toEqual([
      [trace(1), id(2), id(7)],
      [trace(1), id(3), id(66)],
      [trace(2), id(2), id(66)],
    ]);
    expect(await through(spans([1, 2, 5]))).toEqual([[trace(1), id(2), id(5)]]);
    expect(rewritten()).toBe(1);
  });

  it("moves a whole trace, its roots below the parent, and late spans after it", async () => {
    const { repairs, through } = open();
    repairs.add({ kind: "move-trace", traceId: trace(5), to: trace(1), parentId: id(9) });
    expect(await through(spans([5, 1], [5, 2, 1], [6, 1]))).toEqual([
      [trace(1), id(1), id(9)],
      [trace(1), id(2), id(1)],
      [trace(6), id(1), ""],
    ]);
    expect(await through(spans([5, 3, 2]))).toEqual([[trace(1), id(3), id(2)]]);
  });

  it("keeps to what was decided first: a trace goes into one other and never into two", async () => {
    const { repairs, through } = open();
    repairs.add({ kind: "move-trace", traceId: trace(5), to: trace(1) });
    repairs.add({ kind: "move-trace", traceId: trace(5), to: trace(2) });
    expect(await through(spans([5, 1]))).toEqual([[trace(1), id(1), ""]]);
  });

  it("passes a batch untouched where no repair concerns it", async () => {
    const { repairs, sink, through } = open();
    repairs.add({ kind: "move-trace", traceId: trace(5), to: trace(1) });
    const batch = spans([4, 1]);
    await through(batch);
    expect(sink.batches[0]).toBe(batch);
  });

  it("forgets the oldest repairs, counted where that was for want of room", () => {
    const { clock, repairs } = open({ maxRepairs: 2 });
    for (const of of [1, 2, 3]) repairs.add({ kind: "move-trace", traceId: trace(of), to: trace(9) });
    expect([repairs.size, repairs.forgotten]).toEqual([2, 1]);
    clock.advance(1_000);
    repairs.add({ kind: "move-trace", traceId: trace(4), to: trace(9) });
    expect([repairs.size, repairs.forgotten]).toEqual([1, 1]);
  });
});
