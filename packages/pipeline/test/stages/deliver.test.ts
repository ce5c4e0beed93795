import { describe, expect, test } from "vitest";
import type { Outcome } from "@tracemend/pipeline";
import { createLedger } from "../../src/ledger.ts";
import { deliver } from "../../src/stages/deliver.ts";
import { batchOf, expectBalanced, never, rowOf } from "../batches.ts";
import { createScriptedSink, settled } from "./sinks.ts";

function setUp(maxConcurrent = 2) {
  const ledger = createLedger();
  const account = ledger.account("a");
  const sink = createScriptedSink();
  const told: string[] = [];
  const stage = deliver({
    maxConcurrent,
    account,
    dropped: (batch, reason) => told.push(`dropped ${batch.items} ${reason}`),
    refusedByPeer: (_batch, items, message) => told.push(`refused ${items} ${message}`),
  })(sink);
  const accept = (items: number, signal = never): Promise<Outcome> => {
    account.queued("traces", items);
    return stage.accept(batchOf("traces", items), signal);
  };
  const row = () => {
    expectBalanced(ledger.rows());
    return rowOf(ledger.rows(), "a");
  };
  return { accept, sink, row, told };
}

describe("the deliver stage", () => {
  test("sends no more at a time than allowed, in order", async () => {
    const { accept, sink, row } = setUp();
    const answers = [accept(1), accept(2), accept(3), accept(4)];
    expect(sink.batches.map((batch) => batch.items)).toEqual([1, 2]);
    expect(row()).toMatchObject({ inFlight: 3, queued: 7 });
    for (let count = 0; count < 4; count++) {
      sink.answer({ kind: "accepted" });
      await settled();
    }
    await Promise.all(answers);
    expect(sink.batches.map((batch) => batch.items)).toEqual([1, 2, 3, 4]);
    expect(row()).toMatchObject({ exported: 10, inFlight: 0, queued: 0 });
  });

  test("an abort drops what has no turn yet, and frees no turn it did not have", async () => {
    const { accept, sink, row, told } = setUp(1);
    const stop = new AbortController();
    const first = accept(1);
    const second = accept(2, stop.signal);
    const third = accept(3);
    stop.abort();
    expect((await second).kind).toBe("busy");
    expect(told).toEqual(["dropped 2 shutdown"]);
    expect(row()).toMatchObject({ inFlight: 1, queued: 3, dropped: { shutdown: 2 } });
    sink.answer({ kind: "accepted" });
    await first;
    expect(sink.waiting).toBe(1);
    sink.answer({ kind: "accepted" });
    await third;
    expect(row()).toMatchObject({ exported: 4 });
  });

  test("busy without an abort means that the retries ran out", async () => {
    const { accept, sink, row, told } = setUp();
    const answer = accept(2);
    sink.answer({ kind: "busy", retryAfterMs: 0 });
    await answer;
    expect(told).toEqual(["dropped 2 retry-expired"]);
    expect(row()).toMatchObject({ dropped: { "retry-expired": 2 } });
  });

  test("a warning without rejected items counts as exported", async () => {
    const { accept, sink, row, told } = setUp();
    const answer = accept(2);
    sink.answer({ kind: "partial", rejected: 0, message: "slow down" });
    await answer;
    expect(told).toEqual(["refused 0 slow down"]);
    expect(row()).toMatchObject({ exported: 2, refusedByPeer: 0 });
  });
});
