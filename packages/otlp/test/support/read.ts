/** Reads what a test knows to be well-formed. */

import { type Batch, readBatch, type Signal } from "@tracemend/otlp";

export function batch(bytes: Uint8Array, signal: Signal = "traces"): Batch {
  const reading = readBatch(signal, bytes);
  if (reading.kind !== "batch") throw new Error(reading.defect.message);
  return reading.batch;
}
