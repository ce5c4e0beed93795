import { describe, expect, test } from "vitest";
import { forEachSpan } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
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

  const bad = { kind: "refused", message: "bad data", divisible: true } as const;

  /** Answers until nothing waits: the peer refuses what has one of these items. */
  async function refuseItems(sink: ReturnType<typeof setUp>["sink"], isBad: (name: string) => boolean): Promise<void> {
    for (let at = 0; sink.waiting > 0; at++) {
      let found = false;
      forEachSpan(sink.batches[at] as Batch, (span) => (found ||= isBad(span.name())));
      sink.answer(found ? bad : { kind: "accepted" });
      await settled();
    }
  }

  test("finds the item for which a batch is refused, and delivers all others", async () => {
    const { accept, sink, row, told } = setUp();
    const answer = accept(200);
    await refuseItems(sink, (name) => name === "item 77");
    expect(await answer).toBe(bad);
    expect(row()).toMatchObject({ exported: 199, refusedByPeer: 1, inFlight: 0 });
    expect(told).toEqual(["refused 1 bad data"]);
    expect(sink.batches.length).toBeLessThan(20);
  });

  test("finds several, and gives the search up after a while", async () => {
    const few = setUp();
    void few.accept(250);
    await refuseItems(few.sink, (name) => name === "item 3" || name === "item 200");
    expect(few.row()).toMatchObject({ exported: 248, refusedByPeer: 2 });

    const many = setUp();
    void many.accept(250);
    await refuseItems(many.sink, (name) => Number(name.slice(5)) % 2 === 0 && name !== "item 0");
    expect(many.row()).toMatchObject({ inFlight: 0, queued: 0 });
    expect(many.row().refusedByPeer).toBeGreaterThan(100);
    expect(many.sink.batches.length).toBeLessThan(130);
  });

  test("a batch of which the peer wants no part is given up soon", async () => {
    const { accept, sink, row, told } = setUp();
    void accept(250);
    await refuseItems(sink, () => true);
    expect(sink.batches.length).toBe(13);
    expect(row()).toMatchObject({ refusedByPeer: 250, inFlight: 0 });
    expect(told).toHaveLength(7);
  });

  test("a refusal that is not for what is in the batch is not tried again", async () => {
    const { accept, sink, row } = setUp();
    const answer = accept(10);
    sink.answer({ kind: "refused", message: "who are you" });
    await answer;
    expect(sink.batches.length).toBe(1);
    expect(row()).toMatchObject({ refusedByPeer: 10 });
  });
});
