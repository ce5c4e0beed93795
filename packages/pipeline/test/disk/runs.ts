/** Queues on disk for tests: one run of a process after another over the same folder. */
import { expect, onTestFinished } from "vitest";
import { forEachSpan } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { keepOnShutdown } from "../../src/disk/account.ts";
import { createDiskQueue } from "../../src/disk/disk-queue.ts";
import type { DiskQueue, DiskQueueOptions } from "../../src/disk/disk-queue.ts";
import { createLedger } from "../../src/ledger.ts";
import type { LedgerRow } from "../../src/ledger.ts";
import type { Outcome } from "../../src/outcome.ts";
import { deliver } from "../../src/stages/deliver.ts";
import { batchOf, eventually, expectBalanced, never, over, rowOf } from "../batches.ts";
import { createScriptedSink } from "../stages/sinks.ts";
import type { ScriptedSink } from "../stages/sinks.ts";

export interface Run {
  readonly queue: DiskQueue;
  readonly sink: ScriptedSink;
  readonly row: () => LedgerRow;
  readonly names: () => string[];
  readonly failures: string[];
  readonly clock: ReturnType<typeof createFakeClock>;
}

/** What is done with a batch instead of asking the scripted sink; undefined asks it. */
export type Deal = (batch: Batch) => Outcome | undefined;

export function run(
  folder: string,
  options: Partial<DiskQueueOptions> = {},
  concurrency = 1,
  deal: Deal = () => undefined,
): Run {
  const ledger = createLedger();
  const account = ledger.account("a");
  const sink = createScriptedSink();
  const failures: string[] = [];
  const clock = createFakeClock();
  const delivery = deliver({
    maxConcurrent: concurrency,
    account: keepOnShutdown(account),
    dropped: () => {},
    refusedByPeer: () => {},
  })({
    accept: async (batch, signal) => deal(batch) ?? sink.accept(batch, signal),
    close: (signal) => sink.close(signal),
  });
  const storage = { folder, fsync: "never", maxBytes: 1024 * 1024, segmentBytes: 64 * 1024 } as const;
  const failed = (message: string): void => void failures.push(message);
  const queue = createDiskQueue(
    { maxBytes: 1024 * 1024, storage, account, dropped: () => {}, clock, failed, ...options },
    delivery,
  );
  onTestFinished(() => queue.close(over));
  const row = (): LedgerRow => {
    expectBalanced(ledger.rows());
    return rowOf(ledger.rows(), "a");
  };
  return { queue, sink, row, names: () => sink.batches.map(nameOf), failures, clock };
}

export function nameOf(batch: Batch): string {
  const names: string[] = [];
  forEachSpan(batch, (span) => void names.push(span.name()));
  return names.join();
}

/** A batch of one span, named after its number. */
export const one = (index: number): Batch => batchOf("traces", 1, `b${index}`);

/** The queue accepts so many batches. */
export async function fill({ queue }: Run, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++) {
    expect(await queue.accept(one(index), never)).toEqual({ kind: "accepted" });
  }
}

/** The names of spans, as the sink sees them. */
export const expected = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `b${from + index} 0`);

/** The sink accepts until so many are exported. */
export async function answerAll({ sink, row }: Run, exported: number): Promise<void> {
  while (row().exported < exported) {
    await eventually(() => sink.waiting > 0);
    sink.answer({ kind: "accepted" });
    const before = row().exported;
    await eventually(() => row().exported > before || sink.waiting > 0);
  }
}

/** Ends a run as a crash does: nothing is told, nothing is settled; the folder stays as it is. */
export async function crash(run: Run): Promise<void> {
  await run.queue.close(over);
}
