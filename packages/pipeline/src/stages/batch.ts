/** Joins small batches into larger ones and cuts those that are too large: by items, by bytes, by age. */
import { isDivisible, mergeBatches, splitBatch } from "@tracemend/otlp";
import type { Batch, Signal } from "@tracemend/otlp";
import type { Clock, Timer } from "../clock.ts";
import { createOutstanding } from "../outstanding.ts";
import { accepted } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Sink, Stage } from "../stage.ts";

/** What made a batch leave: it was full, it was old enough, or the pipeline was closing. */
export type FlushTrigger = "size" | "timeout" | "close";

export interface BatchOptions {
  readonly maxItems: number;
  readonly maxBytes: number;
  /** How long the first batch waits for others; 0 sends each as it comes. */
  readonly maxAgeMs: number;
  readonly clock: Clock;
  /** By how much the timer of a batch sent for its age was late: 0 for the other triggers. */
  readonly flushed: (trigger: FlushTrigger, latenessMs: number) => void;
}

/** What waits to be joined; all of it is answered with one outcome. */
interface Bin {
  readonly batches: Batch[];
  readonly answer: PromiseWithResolvers<Outcome>;
  readonly timer: Timer;
  readonly dueMs: number;
  items: number;
  bytes: number;
}

/** An accepted batch is answered with the outcome of the larger batch it became part of. */
export function batch(options: BatchOptions): Stage {
  return (next) => createBatcher(options, next);
}

function createBatcher(options: BatchOptions, next: Sink): Sink {
  const { maxItems, maxBytes, maxAgeMs, clock } = options;
  const life = new AbortController();
  const outstanding = createOutstanding();
  const bins = new Map<Signal, Bin>();
  let closing = false;

  const send = async (whole: Batch): Promise<Outcome> => {
    outstanding.begin();
    const pieces = splitBatch(whole, { maxItems, maxBytes });
    const outcomes = await Promise.all(pieces.map((piece) => next.accept(piece, life.signal)));
    outstanding.end();
    return outcomes.find((outcome) => outcome.kind !== "accepted") ?? accepted;
  };

  const flush = (signal: Signal, trigger: FlushTrigger): void => {
    const bin = bins.get(signal);
    if (bin === undefined) return;
    bins.delete(signal);
    bin.timer.cancel();
    options.flushed(trigger, trigger === "timeout" ? Math.max(0, clock.now() - bin.dueMs) : 0);
    bin.answer.resolve(send(mergeBatches(bin.batches)));
  };

  const openBin = (signal: Signal): Bin => {
    const dueMs = clock.now() + maxAgeMs;
    const timer = clock.after(maxAgeMs, () => flush(signal, "timeout"));
    const bin = { batches: [], answer: Promise.withResolvers<Outcome>(), timer, dueMs, items: 0, bytes: 0 };
    bins.set(signal, bin);
    return bin;
  };

  return {
    accept(batch) {
      const { signal } = batch;
      if (!isDivisible(signal) || maxAgeMs === 0 || closing) return send(batch);
      const waiting = bins.get(signal);
      if (waiting !== undefined && (waiting.items + batch.items > maxItems || waiting.bytes + batch.bytes > maxBytes)) {
        flush(signal, "size");
      }
      const bin = bins.get(signal) ?? openBin(signal);
      bin.batches.push(batch);
      bin.items += batch.items;
      bin.bytes += batch.bytes;
      if (bin.items >= maxItems || bin.bytes >= maxBytes) flush(signal, "size");
      return bin.answer.promise;
    },
    async close(signal) {
      closing = true;
      const abort = (): void => life.abort();
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort);
      for (const name of bins.keys()) flush(name, "close");
      await outstanding.none();
      signal.removeEventListener("abort", abort);
      await next.close(signal);
    },
  };
}
