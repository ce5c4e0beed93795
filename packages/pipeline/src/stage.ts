/** Sinks take batches, stages wrap sinks: the two shapes every part of a pipeline has. */
import type { Batch } from "@tracemend/otlp";
import type { Outcome } from "./outcome.ts";

export interface Sink {
  /**
   * Takes a batch or says why not. Never rejects: a failure is an {@link Outcome}. `signal` ends the wait for an answer,
   * not the ownership: what was accepted stays accepted.
   */
  accept(batch: Batch, signal: AbortSignal): Promise<Outcome>;
  /** True promises to `hold` the bytes that it keeps beyond its answer, see memory.ts; other memory is used again. */
  readonly holds?: boolean;
  /** Finishes what was accepted, then closes what lies behind. Once `signal` aborts, what is left is dropped and counted. */
  close(signal: AbortSignal): Promise<void>;
}

export type Stage = (next: Sink) => Sink;

/** Joins stages in the order batches pass them; the last part is where they end. */
export function pipeline(...parts: [...Stage[], Sink]): Sink {
  const stages = parts.slice(0, -1) as Stage[];
  return stages.reduceRight<Sink>((next, stage) => stage(next), parts.at(-1) as Sink);
}
