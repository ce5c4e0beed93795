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
  readonly flushed: (trigger: FlushTrigger) => void;
}

interface Bin {
  readonly batches: Batch[];
  readonly answers: ((outcome: Outcome) => void)[];
  items: number;
  bytes: number;
  readonly timer: Timer;
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

  const settle = async (bin: Bin): Promise<void> => {
    const outcome = await send(mergeBatches(bin.batches));
    for (const answer of bin.answers) answer(outcome);
  };

  const flush = (signal: Signal, trigger: FlushTrigger): void => {
    const bin = bins.get(signal);
    if (bin === undefined) return;
    bins.delete(signal);
    bin.timer.cancel();
    options.flushed(trigger);
    void settle(bin);
  };

  const isFull = (items: number, bytes: number): boolean => items >= maxItems || bytes >= maxBytes;

  return {
    accept(batch) {
      const { signal } = batch;
      if (!isDivisible(signal) || maxAgeMs === 0 || closing) return send(batch);
      let bin = bins.get(signal);
      if (bin !== undefined && (bin.items + batch.items > maxItems || bin.bytes + batch.bytes > maxBytes)) {
        flush(signal, "size");
        bin = undefined;
      }
      if (bin === undefined) {
        bin = {
          batches: [],
          answers: [],
          items: 0,
          bytes: 0,
          timer: clock.after(maxAgeMs, () => flush(signal, "timeout")),
        };
        bins.set(signal, bin);
      }
      bin.batches.push(batch);
      bin.items += batch.items;
      bin.bytes += batch.bytes;
      const { answers } = bin;
      const answer = new Promise<Outcome>((resolve) => {
        answers.push(resolve);
      });
      if (isFull(bin.items, bin.bytes)) flush(signal, "size");
      return answer;
    },
    async close(signal) {
      closing = true;
      const abort = (): void => life.abort();
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
      for (const name of bins.keys()) flush(name, "close");
      await outstanding.none();
      signal.removeEventListener("abort", abort);
      await next.close(signal);
    },
  };
}
