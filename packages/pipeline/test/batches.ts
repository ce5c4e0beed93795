/** Batches for tests, and the check that a ledger adds up. */
import { expect } from "vitest";
import { readBatch } from "@tracemend/otlp";
import type { Batch, Signal } from "@tracemend/otlp";
import type { LedgerRow } from "@tracemend/pipeline";
import { encodeRequest } from "../../../test/support/otlp-reference.ts";

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;

/** A signal that has aborted. */
export const over: AbortSignal = AbortSignal.abort();

/** A batch of `items` spans, data points or log records, whose names begin with `name`. */
export function batchOf(signal: Exclude<Signal, "profiles">, items: number, name = "item"): Batch {
  const reading = readBatch(signal, encodeRequest(signal, requestOf(signal, items, name)));
  if (reading.kind !== "batch") throw new TypeError(reading.defect.message);
  return reading.batch;
}

function requestOf(signal: Exclude<Signal, "profiles">, items: number, name: string): object {
  const each = <T>(make: (index: number) => T): T[] => Array.from({ length: items }, (_, index) => make(index));
  if (signal === "metrics") {
    const dataPoints = each((index) => ({ asDouble: index }));
    return { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, gauge: { dataPoints } }] }] }] };
  }
  if (signal === "logs") {
    const logRecords = each((index) => ({ body: { stringValue: `${name} ${index}` } }));
    return { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
  }
  const spans = each((index) => ({
    traceId: new Uint8Array(16).fill((index % 255) + 1),
    spanId: new Uint8Array(8).fill((index % 255) + 1),
    name: `${name} ${index}`,
  }));
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] };
}

/** Asserts received = exported + dropped + refusedByPeer + sampledOut + queued + inFlight in every row. */
export function expectBalanced(rows: readonly LedgerRow[]): void {
  for (const row of rows) {
    const dropped = Object.values(row.dropped).reduce((sum, count) => sum + count, 0);
    const counts = [row.exported, dropped, row.refusedByPeer, row.sampledOut, row.queued, row.inFlight];
    expect(counts.filter((count) => count < 0)).toEqual([]);
    const sum = counts.reduce((sum, count) => sum + count, 0);
    expect({ ...row, sum }).toEqual({ ...row, sum: row.received });
  }
}

/** The row of a destination; throws when there is none. */
export function rowOf(rows: readonly LedgerRow[], destination: string, signal: Signal = "traces"): LedgerRow {
  const row = rows.find((row) => row.destination === destination && row.signal === signal);
  if (row === undefined) throw new TypeError(`no row for ${destination} and ${signal}`);
  return row;
}

/** Resolves once `condition` holds; asked after every turn of the event loop. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
