/** What goes wrong at a destination, and that the ledger accounts for every item of it at every moment. */
import { describe, expect, test } from "vitest";
import { readBatch } from "@tracemend/otlp";
import type { LedgerRow, Pipeline } from "@tracemend/pipeline";
import { createFakeClock } from "../../../test/support/clock.ts";
import { encodeRequest } from "../../../test/support/otlp-reference.ts";
import type { Answer } from "../../../test/support/recording-sink.ts";
import { batchOf, eventually, expectBalanced, never, rowOf } from "./batches.ts";
import { destinationOf, protocols, start, startSink } from "./harness.ts";

function only(pipeline: Pipeline): LedgerRow {
  expectBalanced(pipeline.ledger());
  return rowOf(pipeline.ledger(), "a");
}

describe.for(protocols)("over %s", (protocol) => {
  test("what is refused in every part counts as refused by the peer", async () => {
    const sink = await startSink();
    sink.answer({ kind: "refuse", message: "no such tenant" });
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol)] });
    await pipeline.accept(batchOf("traces", 4), never);
    expect(await seen("refused-by-peer")).toMatchObject({ items: 1, message: "no such tenant" });
    await eventually(() => only(pipeline).refusedByPeer === 4);
    expect(sink.attempts).toBe(7);
    expect(only(pipeline)).toMatchObject({ received: 4, refusedByPeer: 4, exported: 0 });
  });

  test("what a partial success rejects counts as refused by the peer, the rest as exported", async () => {
    const sink = await startSink();
    sink.answer({ kind: "partial", rejected: 2, message: "bad ids" });
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol)] });
    await pipeline.accept(batchOf("traces", 5), never);
    expect(await seen("refused-by-peer")).toMatchObject({ items: 2, message: "bad ids" });
    expect(only(pipeline)).toMatchObject({ received: 5, refusedByPeer: 2, exported: 3 });
    expect(sink.attempts).toBe(1);
  });

  test("a partial success that rejects more than was sent cannot unbalance the ledger", async () => {
    const sink = await startSink();
    sink.answer({ kind: "partial", rejected: 1_000, message: "all of them" });
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol)] });
    await pipeline.accept(batchOf("traces", 5), never);
    await seen("refused-by-peer");
    expect(only(pipeline)).toMatchObject({ refusedByPeer: 5, exported: 0 });
  });

  test("a batch that is too large for the peer is halved until it fits", async () => {
    const sink = await startSink();
    sink.answer((request) => (request.items > 2 ? { kind: "too-large" } : { kind: "accept" }));
    const { pipeline } = start({ destinations: [destinationOf(sink, protocol)] });
    await pipeline.accept(batchOf("traces", 7), never);
    await sink.until(() => sink.items("traces") === 7);
    await pipeline.close(never);
    expect(sink.received.map((request) => request.items)).toEqual([2, 2, 2, 1]);
    expect(only(pipeline)).toMatchObject({ exported: 7, refusedByPeer: 0 });
  });

  test("a single item that is too large for the peer counts as refused, and the others go out", async () => {
    const sink = await startSink();
    sink.answer((request) =>
      JSON.stringify(request.message).includes("item 1") ? { kind: "too-large" } : { kind: "accept" },
    );
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol)] });
    await pipeline.accept(batchOf("traces", 4), never);
    await seen("refused-by-peer");
    await pipeline.close(never);
    expect(only(pipeline)).toMatchObject({ exported: 3, refusedByPeer: 1 });
  });

  test("one span with an id no reader takes does not cost the others their export", async () => {
    const sink = await startSink();
    // As Go collectors do: the whole request is refused for one id of a wrong length.
    sink.answer((request) =>
      JSON.stringify(request.message).includes('"traceId":"AQI="')
        ? { kind: "refuse", message: "invalid trace id" }
        : { kind: "accept" },
    );
    const good = { traceId: new Uint8Array(16).fill(1), spanId: new Uint8Array(8).fill(1) };
    const spans = [good, { ...good, traceId: Uint8Array.of(1, 2) }, good];
    const reading = readBatch("traces", encodeRequest("traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    if (reading.kind !== "batch") throw new TypeError(reading.defect.message);
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol)] });
    await pipeline.accept(reading.batch, never);
    expect(await seen("refused-by-peer")).toMatchObject({ items: 1, message: "invalid trace id" });
    await pipeline.close(never);
    expect(sink.attempts).toBe(2);
    expect(only(pipeline)).toMatchObject({ received: 3, exported: 2, refusedByPeer: 1 });
  });

  test.for<[string, Answer, number]>([
    ["busy", { kind: "busy" }, 1_000],
    ["busy for three seconds", { kind: "busy", retryAfterSeconds: 3 }, 3_000],
    ["throttling for two seconds", { kind: "throttle", retryAfterSeconds: 2 }, 2_000],
  ])("a peer that is %s is tried again, and not too soon", async ([, answer, waitMs]) => {
    const sink = await startSink();
    const clock = createFakeClock();
    let busyFor = 2;
    sink.answer(() => (busyFor-- > 0 ? answer : { kind: "accept" }));
    // random() of 0.5 is no jitter; multiplier 1 keeps the interval.
    const retry = { initialIntervalMs: 1_000, multiplier: 1 };
    const { pipeline } = start({ destinations: [destinationOf(sink, protocol, { retry })], clock, random: () => 0.5 });
    await pipeline.accept(batchOf("traces", 3), never);
    for (let attempt = 1; attempt <= 2; attempt++) {
      await sink.until(() => sink.attempts === attempt);
      await clock.whenDueIn(waitMs);
      expect(only(pipeline)).toMatchObject({ inFlight: 3, exported: 0 });
      clock.advance(waitMs - 1);
      expect(sink.attempts).toBe(attempt);
      clock.advance(1);
    }
    await sink.until(() => sink.attempts === 3);
    await pipeline.close(never);
    expect(only(pipeline)).toMatchObject({ received: 3, exported: 3 });
  });

  test("a peer that stays busy loses the batch to the retry limit, and the ledger says so", async () => {
    const sink = await startSink();
    const clock = createFakeClock();
    sink.answer({ kind: "busy" });
    const retry = { initialIntervalMs: 1_000, multiplier: 1, maxElapsedTimeMs: 1_500 };
    const destinations = [destinationOf(sink, protocol, { retry })];
    const { pipeline, seen } = start({ destinations, clock, random: () => 0.5 });
    await pipeline.accept(batchOf("traces", 3), never);
    await clock.whenDueIn(1_000);
    clock.advance(1_000);
    expect(await seen("dropped")).toMatchObject({ destination: "a", items: 3, reason: "retry-expired" });
    expect(only(pipeline)).toMatchObject({ received: 3, inFlight: 0, dropped: { "retry-expired": 3 } });
    expect(sink.attempts).toBe(2);
  });

  test.for<Answer["kind"]>(["hang", "reset"])("a peer that does %s is tried again", async (kind) => {
    const sink = await startSink();
    let faults = 1;
    sink.answer(() => (faults-- > 0 ? ({ kind } as Answer) : { kind: "accept" }));
    const more = { timeoutMs: 100, retry: { initialIntervalMs: 1 } };
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol, more)] });
    await pipeline.accept(batchOf("traces", 3), never);
    await sink.until(() => sink.attempts === 1);
    expect(only(pipeline)).toMatchObject({ inFlight: 3 });
    await seen("unreachable");
    await sink.until(() => sink.items("traces") === 3);
    await pipeline.close(never);
    expect(only(pipeline)).toMatchObject({ exported: 3, inFlight: 0 });
  });

  test("a destination that was down when the pipeline started gets everything once it is up", async () => {
    const sink = await startSink();
    await sink.stop();
    const { pipeline } = start({ destinations: [destinationOf(sink, protocol)] });
    await pipeline.accept(batchOf("traces", 3), never);
    expect(only(pipeline)).toMatchObject({ inFlight: 3 });
    await sink.start();
    await sink.until(() => sink.items("traces") === 3);
    await pipeline.close(never);
    expect(only(pipeline)).toMatchObject({ exported: 3 });
  });

  test("a destination that comes and goes gets everything once", async () => {
    const sink = await startSink();
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol)] });
    for (let round = 1; round <= 3; round++) {
      await seen("reachable");
      await pipeline.accept(batchOf("traces", 2), never);
      // Not cut between its taking a batch and its answer, after which it would rightly get the batch again.
      await eventually(() => only(pipeline).exported === 4 * round - 2);
      await sink.stop();
      await seen("unreachable");
      await pipeline.accept(batchOf("traces", 2), never);
      expectBalanced(pipeline.ledger());
      await sink.start();
      await eventually(() => only(pipeline).exported === 4 * round);
    }
    await pipeline.close(never);
    expect(only(pipeline)).toMatchObject({ received: 12, exported: 12 });
    expect(sink.items("traces")).toBe(12);
  });

  test("a full queue answers busy with a time, and what was turned away is in nobody's hands", async () => {
    const sink = await startSink();
    sink.answer({ kind: "hang" });
    const batch = batchOf("traces", 3);
    const queue = { maxBytes: 2 * (batch.bytes + 1_024) };
    const { pipeline } = start({ destinations: [destinationOf(sink, protocol, { queue })] });
    expect(await pipeline.accept(batch, never)).toEqual({ kind: "accepted" });
    expect(await pipeline.accept(batch, never)).toEqual({ kind: "accepted" });
    const outcome = await pipeline.accept(batch, never);
    expect(outcome.kind === "busy" && outcome.retryAfterMs >= 1_000).toBe(true);
    expect(only(pipeline)).toMatchObject({ received: 6, turnedAway: 3 });
    expect(pipeline.destinations()[0]?.queueBytes).toBe(queue.maxBytes);
  });

  test("a batch that can never fit the queue is refused", async () => {
    const sink = await startSink();
    const { pipeline } = start({ destinations: [destinationOf(sink, protocol, { queue: { maxBytes: 1_030 } })] });
    expect((await pipeline.accept(batchOf("traces", 3), never)).kind).toBe("refused");
    expect(only(pipeline)).toMatchObject({ received: 0, turnedAway: 3 });
  });

  test("closing within the deadline drains the queue", async () => {
    const sink = await startSink();
    const batch = { maxAgeMs: 60_000 };
    const { pipeline } = start({ destinations: [destinationOf(sink, protocol, { batch })] });
    await pipeline.accept(batchOf("traces", 3), never);
    expect(only(pipeline)).toMatchObject({ queued: 3 });
    await pipeline.close(never);
    expect(only(pipeline)).toMatchObject({ queued: 0, exported: 3 });
    expect(pipeline.destinations()[0]?.flushes).toEqual({ size: 0, timeout: 0, close: 1 });
  });

  test("closing past the deadline counts what is queued and what is out as dropped by shutdown", async () => {
    const sink = await startSink();
    sink.answer({ kind: "hang" });
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol)] });
    for (let count = 0; count < 15; count++) await pipeline.accept(batchOf("traces", 2), never);
    await sink.until(() => sink.attempts === 10);
    expect(only(pipeline)).toMatchObject({ received: 30, inFlight: 20, queued: 10 });
    const deadline = new AbortController();
    const closed = pipeline.close(deadline.signal);
    deadline.abort();
    await closed;
    expect(await seen("dropped")).toMatchObject({ reason: "shutdown" });
    expect(only(pipeline)).toMatchObject({ queued: 0, inFlight: 0, dropped: { shutdown: 30 } });
    expect(pipeline.destinations()[0]?.queueBytes).toBe(0);
  });

  test("after closing, a batch is answered busy and none is lost silently", async () => {
    const sink = await startSink();
    const { pipeline } = start({ destinations: [destinationOf(sink, protocol)] });
    await pipeline.close(never);
    expect((await pipeline.accept(batchOf("traces", 2), never)).kind).toBe("busy");
    expect(only(pipeline)).toMatchObject({ received: 0, turnedAway: 2 });
  });

  test("a collector that answers protobuf with JSON has taken what it says it took", async () => {
    const sink = await startSink();
    const body = '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"quota"}}';
    sink.answer({ kind: "raw", status: 200, contentType: "application/json", body });
    const retry = { initialIntervalMs: 1, maxIntervalMs: 1, maxElapsedTimeMs: 10 };
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol, { retry })] });
    await pipeline.accept(batchOf("traces", 3), never);
    await seen(protocol === "grpc" ? "dropped" : "refused-by-peer");
    expect(only(pipeline)).toMatchObject(
      protocol === "grpc" ? { exported: 0 } : { exported: 2, refusedByPeer: 1, inFlight: 0 },
    );
  });

  test("a page with status 200 from something that is no collector does not count as exported", async () => {
    const sink = await startSink();
    sink.answer({ kind: "raw", status: 200, contentType: "text/html", body: "<html>Welcome" });
    const retry = { initialIntervalMs: 1, maxIntervalMs: 1, maxElapsedTimeMs: 10 };
    const { pipeline, seen } = start({ destinations: [destinationOf(sink, protocol, { retry })] });
    await seen("reachable");
    await pipeline.accept(batchOf("traces", 2), never);
    await seen(protocol === "grpc" ? "dropped" : "refused-by-peer");
    expect(only(pipeline)).toMatchObject({ exported: 0, inFlight: 0, queued: 0 });
  });
});
