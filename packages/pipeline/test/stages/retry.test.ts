import { describe, expect, test } from "vitest";
import type { Outcome } from "@tracemend/pipeline";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { createReachability } from "../../src/reachability.ts";
import { retry } from "../../src/stages/retry.ts";
import type { RetryOptions } from "../../src/stages/retry.ts";
import { batchOf, never } from "../batches.ts";
import { createScriptedSink, settled } from "./sinks.ts";

const batch = batchOf("traces", 1);

function setUp(options: Partial<RetryOptions> = {}) {
  const clock = createFakeClock();
  const sink = createScriptedSink();
  const connection = createReachability(clock, () => {});
  connection.up();
  const stage = retry({
    initialIntervalMs: 100,
    multiplier: 2,
    randomizationFactor: 0.5,
    maxIntervalMs: 1_000,
    maxElapsedTimeMs: 60_000,
    clock,
    random: () => 0.5,
    connection,
    ...options,
  })(sink);
  return { stage, sink, clock, connection };
}

describe("the retry stage", () => {
  test.for<Outcome>([
    { kind: "accepted" },
    { kind: "partial", rejected: 1, message: "bad" },
    { kind: "refused", message: "no" },
  ])("passes on $kind after one try", async (outcome) => {
    const { stage, sink, clock } = setUp();
    const answer = stage.accept(batch, never);
    sink.answer(outcome);
    expect(await answer).toEqual(outcome);
    expect(sink.batches.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test("waits longer each time, up to the longest interval", async () => {
    const { stage, sink, clock } = setUp();
    const answer = stage.accept(batch, never);
    for (const waitMs of [100, 200, 400, 800, 1_000, 1_000]) {
      sink.answer({ kind: "busy", retryAfterMs: 0 });
      await settled();
      clock.advance(waitMs - 1);
      await settled();
      expect(sink.waiting).toBe(0);
      clock.advance(1);
      await settled();
      expect(sink.waiting).toBe(1);
    }
    sink.answer({ kind: "accepted" });
    expect(await answer).toEqual({ kind: "accepted" });
  });

  test.for([
    [0, 50],
    [0.999_999, 149.999_9],
  ] as const)("draws the wait from around the interval: random %f waits %f ms", async ([random, waitMs]) => {
    const { stage, sink, clock } = setUp({ random: () => random });
    void stage.accept(batch, never);
    sink.answer({ kind: "busy", retryAfterMs: 0 });
    await clock.whenDueIn(waitMs);
    expect(clock.pending).toBe(2);
  });

  test("never comes back sooner than the peer asked", async () => {
    const { stage, sink, clock } = setUp();
    void stage.accept(batch, never);
    sink.answer({ kind: "busy", retryAfterMs: 30_000 });
    await settled();
    clock.advance(29_999);
    await settled();
    expect(sink.waiting).toBe(0);
    clock.advance(1);
    await settled();
    expect(sink.waiting).toBe(1);
  });

  test("gives up when the next try would come too late", async () => {
    const { stage, sink, clock } = setUp({ maxElapsedTimeMs: 1_000 });
    const answer = stage.accept(batch, never);
    sink.answer({ kind: "busy", retryAfterMs: 1_001 });
    expect(await answer).toEqual({ kind: "busy", retryAfterMs: 1_001 });
    expect(clock.pending).toBe(0);
  });

  test("lets a try that is under way finish when the time is up", async () => {
    const { stage, sink, clock } = setUp({ maxElapsedTimeMs: 1_000 });
    const answer = stage.accept(batch, never);
    clock.advance(2_000);
    sink.answer({ kind: "accepted" });
    expect(await answer).toEqual({ kind: "accepted" });
  });

  test("tries as soon as there is a connection, and not before", async () => {
    const { stage, sink, connection } = setUp();
    connection.down("gone");
    const answer = stage.accept(batch, never);
    await settled();
    expect(sink.batches).toEqual([]);
    connection.up();
    await settled();
    sink.answer({ kind: "accepted" });
    expect(await answer).toEqual({ kind: "accepted" });
  });

  test("waits for a connection no longer than the time it has", async () => {
    const { stage, sink, clock, connection } = setUp({ maxElapsedTimeMs: 1_000 });
    connection.down("gone");
    const answer = stage.accept(batch, never);
    clock.advance(1_000);
    expect(await answer).toEqual({ kind: "busy", retryAfterMs: 0 });
    expect(sink.batches).toEqual([]);
  });

  test("an elapsed time of 0 never gives up", async () => {
    const { stage, sink, clock } = setUp({ maxElapsedTimeMs: 0 });
    void stage.accept(batch, never);
    for (let hour = 0; hour < 5; hour++) {
      sink.answer({ kind: "busy", retryAfterMs: 3_600_000 });
      await settled();
      clock.advance(3_600_000);
      await settled();
      expect(sink.waiting).toBe(1);
    }
  });

  test("an abort ends a wait at once", async () => {
    const { stage, sink, clock } = setUp();
    const stop = new AbortController();
    const answer = stage.accept(batch, stop.signal);
    sink.answer({ kind: "busy", retryAfterMs: 30_000 });
    await settled();
    stop.abort();
    expect((await answer).kind).toBe("busy");
    expect(clock.pending).toBe(0);
  });
});
