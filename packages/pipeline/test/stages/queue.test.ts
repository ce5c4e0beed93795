import { describe, expect, test } from "vitest";
import type { Batch } from "@tracemend/otlp";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { createLedger } from "../../src/ledger.ts";
import type { DropReason } from "../../src/ledger.ts";
import { createQueue, entryBytes } from "../../src/stages/queue.ts";
import { batchOf, expectBalanced, never, over, rowOf } from "../batches.ts";
import { createScriptedSink, settled } from "./sinks.ts";

const batch = batchOf("traces", 2);
const costBytes = batch.bytes + entryBytes;

function setUp(maxBytes = 3 * costBytes) {
  const ledger = createLedger();
  const account = ledger.account("a");
  const sink = createScriptedSink();
  const lost: DropReason[] = [];
  const clock = createFakeClock();
  const note = (batch: Batch, reason: DropReason): void => {
    account.lost(batch.signal, batch.items, reason);
    lost.push(reason);
  };
  return {
    queue: createQueue({ maxBytes, account, clock, random: () => 0, lost: note }, sink),
    ledger,
    sink,
    lost,
    clock,
  };
}

describe("a queue", () => {
  test("accepts before the next stage has answered", async () => {
    const { queue, sink, ledger } = setUp();
    expect(await queue.accept(batch, never)).toEqual({ kind: "accepted" });
    expect(sink.waiting).toBe(1);
    expect(queue.usedBytes).toBe(costBytes);
    expect(rowOf(ledger.rows(), "a")).toMatchObject({ received: 2, queued: 2 });
  });

  test("keeps the bytes counted until the batch has met its fate", async () => {
    const { queue, sink } = setUp();
    await queue.accept(batch, never);
    await settled();
    expect(queue.usedBytes).toBe(costBytes);
    sink.answer({ kind: "accepted" });
    await settled();
    expect(queue.usedBytes).toBe(0);
  });

  test("is full by bytes, and takes again what was freed", async () => {
    const { queue, sink } = setUp();
    for (let count = 0; count < 3; count++) expect((await queue.accept(batch, never)).kind).toBe("accepted");
    expect((await queue.accept(batch, never)).kind).toBe("busy");
    sink.answer({ kind: "accepted" });
    await settled();
    expect((await queue.accept(batch, never)).kind).toBe("accepted");
  });

  test("refuses what could never fit", async () => {
    const { queue } = setUp(costBytes - 1);
    expect((await queue.accept(batch, never)).kind).toBe("refused");
  });

  test("tells a sender to wait five seconds while nothing drains", async () => {
    const { queue } = setUp(costBytes);
    await queue.accept(batch, never);
    expect(await queue.accept(batch, never)).toEqual({ kind: "busy", retryAfterMs: 5_000 });
  });

  test("does not take the sender's going away for a reason to lose the batch", async () => {
    const { queue, sink } = setUp();
    const sender = new AbortController();
    await queue.accept(batch, sender.signal);
    sender.abort();
    expect(sink.waiting).toBe(1);
  });

  test("held room counts as used until it is given back or filled", () => {
    const { queue } = setUp();
    expect(queue.hold(batch.bytes)).toBe(true);
    expect(queue.usedBytes).toBe(costBytes);
    expect(queue.hold(2 * costBytes)).toBe(false);
    queue.unhold(batch.bytes);
    expect(queue.usedBytes).toBe(0);
  });

  test("closing lets what is there finish, and closes what is behind", async () => {
    const { queue, sink } = setUp();
    await queue.accept(batch, never);
    const closed = queue.close(never);
    sink.answer({ kind: "accepted" });
    await closed;
    expect(sink.closed).toBe(true);
    expect(queue.usedBytes).toBe(0);
  });

  test("aborts what is under way when the closing signal aborts", async () => {
    const { queue, sink } = setUp();
    await queue.accept(batch, never);
    await queue.close(over);
    expect(sink.waiting).toBe(0);
  });

  test("after closing it has no room, and counts what is placed anyway", async () => {
    const { queue, ledger, lost } = setUp();
    await queue.close(never);
    expect((await queue.accept(batch, never)).kind).toBe("busy");
    expect(queue.hold(1)).toBe(false);
    queue.place(batch);
    expect(lost).toEqual(["shutdown"]);
    expectBalanced(ledger.rows());
  });
});
