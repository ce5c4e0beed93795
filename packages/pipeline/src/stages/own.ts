/** Copies what a receiver only lent, so that its memory can take the next request. */
import type { Batch } from "@tracemend/otlp";
import { ownBytes } from "../memory.ts";
import type { Sink } from "../stage.ts";

/** What a stage before it has copied while editing is not copied again. */
export function own(next: Sink): Sink {
  return {
    accept: (batch, signal) => next.accept(ownBatch(batch), signal),
    close: (signal) => next.close(signal),
  };
}

export function ownBatch(batch: Batch): Batch {
  const parts = batch.parts.map(ownBytes);
  return parts.every((part, index) => part === batch.parts[index]) ? batch : { ...batch, parts };
}
