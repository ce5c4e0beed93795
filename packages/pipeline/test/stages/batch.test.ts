import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { readBatch } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import type { Outcome } from "@tracemend/pipeline";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { decodeRequest } from "../../../../test/support/otlp-reference.ts";
import { batch as batchStage } from "../../src/stages/batch.ts";
import type { FlushTrigger } from "../../src/stages/batch.ts";
import { batchOf, never, over } from "../batches.ts";
import { createFixedSink, createScriptedSink, settled } from "./sinks.ts";

function setUp(limits: { maxItems?: number; maxBytes?: number; maxAgeMs?: number } = {}) {
  const clock = createFakeClock();
  const sink = createScriptedSink();
  const triggers: FlushTrigger[] = [];
  const flushed = (trigger: FlushTrigger): void => void triggers.push(trigger);
  const stage = batchStage({ maxItems: 10, maxBytes: 1_000_000, maxAgeMs: 200, ...limits, clock, flushed })(sink);
  return { stage, sink, clock, triggers };
}

const sizes = (batches: readonly Batch[]): number[] => batches.map((batch) => batch.items);

describe("the batch stage", () => {
  test("joins what comes until the oldest is old enough", async () => {
    const { stage, sink, clock, triggers } = setUp();
    const first = stage.accept(batchOf("traces", 2), never);
    clock.advance(150);
    const second = stage.accept(batchOf("traces", 3), never);
    clock.advance(49);
    expect(sink.batches).toEqual([]);
    clock.advance(1);
    expect(sizes(sink.batches)).toEqual([5]);
    expect(triggers).toEqual(["timeout"]);
    sink.answer({ kind: "accepted" });
    expect(await Promise.all([first, second])).toEqual([{ kind: "accepted" }, { kind: "accepted" }]);
  });

  test("sends at once when it is full by items, and leaves no timer", () => {
    const { stage, sink, clock, triggers } = setUp();
    void stage.accept(batchOf("traces", 4), never);
    void stage.accept(batchOf("traces", 6), never);
    expect(sizes(sink.batches)).toEqual([10]);
    expect(triggers).toEqual(["size"]);
    expect(clock.pending).toBe(0);
  });

  test("sends what it has before it would pass the limit", () => {
    const { stage, sink } = setUp();
    void stage.accept(batchOf("traces", 7), never);
    void stage.accept(batchOf("traces", 7), never);
    expect(sizes(sink.batches)).toEqual([7]);
  });

  test("sends when it is full by bytes", () => {
    const batch = batchOf("traces", 2);
    const { stage, sink } = setUp({ maxBytes: 2 * batch.bytes });
    void stage.accept(batch, never);
    expect(sink.batches.length).toBe(0);
    void stage.accept(batch, never);
    expect(sizes(sink.batches)).toEqual([4]);
  });

  test("cuts what is larger than the limit, and answers with what went wrong", async () => {
    const { stage, sink } = setUp();
    const outcome = stage.accept(batchOf("traces", 25), never);
    expect(sizes(sink.batches)).toEqual([10, 10, 5]);
    sink.answer({ kind: "accepted" });
    sink.answer({ kind: "refused", message: "no" });
    sink.answer({ kind: "accepted" });
    expect(await outcome).toEqual({ kind: "refused", message: "no" });
  });

  test("keeps signals apart", () => {
    const { stage, sink, clock } = setUp();
    void stage.accept(batchOf("traces", 1), never);
    void stage.accept(batchOf("logs", 2), never);
    clock.advance(200);
    expect(sink.batches.map((batch) => [batch.signal, batch.items])).toEqual([
      ["traces", 1],
      ["logs", 2],
    ]);
  });

  test("passes profiles on one by one", () => {
    const { stage, sink } = setUp();
    const reading = readBatch("profiles", Buffer.from([0x0a, 0x00]));
    if (reading.kind !== "batch") throw new TypeError(reading.defect.message);
    void stage.accept(reading.batch, never);
    void stage.accept(reading.batch, never);
    expect(sink.batches.length).toBe(2);
  });

  test("an age of 0 sends each as it comes", () => {
    const { stage, sink } = setUp({ maxAgeMs: 0 });
    void stage.accept(batchOf("traces", 1), never);
    void stage.accept(batchOf("traces", 1), never);
    expect(sizes(sink.batches)).toEqual([1, 1]);
  });

  test("closing sends what is there, waits for it, and then closes what is behind", async () => {
    const { stage, sink, triggers } = setUp();
    void stage.accept(batchOf("traces", 1), never);
    const closed = stage.close(never);
    expect(sizes(sink.batches)).toEqual([1]);
    await settled();
    expect(sink.closed).toBe(false);
    sink.answer({ kind: "accepted" });
    await closed;
    expect(sink.closed).toBe(true);
    expect(triggers).toEqual(["close"]);
  });

  test("closing past the deadline aborts what is out", async () => {
    const { stage, sink } = setUp();
    const outcome = stage.accept(batchOf("traces", 10), never);
    await stage.close(over);
    expect((await outcome).kind).toBe("busy");
    expect(sink.waiting).toBe(0);
  });

  test("neither loses nor doubles an item, whatever the sizes and limits are", async () => {
    const counts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        counts,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 60, max: 2_000 }),
        async (counts, maxItems, maxBytes) => {
          const clock = createFakeClock();
          const sink = createFixedSink({ kind: "accepted" });
          const stage = batchStage({ maxItems, maxBytes, maxAgeMs: 5, clock, flushed: () => {} })(sink);
          const answers: Promise<Outcome>[] = [];
          for (const [index, count] of counts.entries()) {
            answers.push(stage.accept(batchOf("traces", count, `batch ${index}`), never));
            if (index % 3 === 0) clock.advance(5);
          }
          await stage.close(never);
          await Promise.all(answers);
          const names = sink.batches.flatMap((batch) => namesOf(batch));
          const expected = counts.flatMap((count, index) =>
            Array.from({ length: count }, (_, item) => `batch ${index} ${item}`),
          );
          expect(names.toSorted()).toEqual(expected.toSorted());
          expect(sink.batches.filter((batch) => batch.items > maxItems)).toEqual([]);
          expect(sink.batches.filter((batch) => batch.bytes > maxBytes && batch.items > 1)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});

function namesOf(batch: Batch): string[] {
  const message = decodeRequest("traces", Buffer.concat(batch.parts)) as {
    resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[];
  };
  return message.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans.map((span) => span.name)));
}

test("a timer that is late is told by how much", async () => {
  const clock = createFakeClock();
  const told: [FlushTrigger, number][] = [];
  let run = (): void => {};
  const late = { now: () => clock.now(), after: (_ms: number, due: () => void) => ((run = due), { cancel: () => {} }) };
  const flushed = (trigger: FlushTrigger, latenessMs: number): void => void told.push([trigger, latenessMs]);
  const stage = batchStage({ maxItems: 10, maxBytes: 1_000, maxAgeMs: 200, clock: late, flushed })(
    createFixedSink({ kind: "accepted" }),
  );
  const answer = stage.accept(batchOf("traces", 1), never);
  clock.advance(230);
  run();
  await answer;
  expect(told).toEqual([["timeout", 30]]);
});
