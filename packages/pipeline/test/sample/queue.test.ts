/** Sampling behind a queue: what waits for a decision counts as queued, and stays on disk where the queue is. */
import type { DestinationOptions } from "@tracemend/pipeline";
import { expect, test } from "vitest";
import { eventually, expectBalanced, never, over, rowOf } from "../batches.ts";
import { createFolder } from "../disk/folder.ts";
import { destinationOf, start, startSink } from "../harness.ts";
import { errors, plain, toBatch } from "./traces.ts";

const sample = { kind: "tail", policies: [errors] } as const;
const batch = toBatch([plain, { ...plain, trace: 2, isError: true }, { ...plain, trace: 3 }]);

test("closing decides, sends what is kept, and leaves nothing in memory or on disk", async () => {
  const sink = await startSink();
  const queues: DestinationOptions["queue"][] = [{}, { storage: { folder: createFolder(), fsync: "never" } }];
  for (const queue of queues) {
    const before = sink.items("traces");
    const { pipeline } = start({
      destinations: [destinationOf(sink, "http/protobuf", { sample, queue: queue ?? {} })],
    });
    expect(await pipeline.accept(batch, never)).toEqual({ kind: "accepted" });
    await eventually(() => pipeline.destinations()[0]?.sampling?.traces === 2);
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ received: 3, queued: 3 });
    expect(pipeline.destinations()[0]?.queueBytes).toBeGreaterThan(batch.bytes);
    await pipeline.close(never);
    expectBalanced(pipeline.ledger());
    expect(rowOf(pipeline.ledger(), "a")).toMatchObject({ exported: 1, sampledOut: 2, queued: 0 });
    expect(sink.items("traces")).toBe(before + 1);
  }
});

test("what is cut off undecided is there again after a restart, whole", async () => {
  const sink = await startSink();
  const queue = { storage: { folder: createFolder(), fsync: "never" } } as const;
  const open = (decisionWaitMs: number) =>
    start({
      destinations: [destinationOf(sink, "http/protobuf", { sample: { ...sample, decisionWaitMs }, queue })],
    }).pipeline;
  const first = open(600_000);
  await first.accept(batch, never);
  await eventually(() => first.destinations()[0]?.sampling?.traces === 2);
  await first.close(over);
  expectBalanced(first.ledger());
  expect(sink.items("traces")).toBe(0);

  const second = open(60);
  await eventually(() => rowOf(second.ledger(), "a").exported === 1);
  expectBalanced(second.ledger());
  expect(rowOf(second.ledger(), "a")).toMatchObject({ recovered: 3, sampledOut: 2 });
});
