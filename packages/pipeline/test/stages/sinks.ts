/** Sinks for tests of single stages. */
import type { Batch } from "@tracemend/otlp";
import type { Outcome, Sink } from "@tracemend/pipeline";

export interface ScriptedSink extends Sink {
  readonly batches: readonly Batch[];
  readonly closed: boolean;
  /** Answers the oldest batch that waits. */
  answer(outcome: Outcome): void;
  /** How many batches wait for an answer. */
  readonly waiting: number;
}

/** Takes what it is given and answers only when told; an abort is answered `busy`. */
export function createScriptedSink(): ScriptedSink {
  const batches: Batch[] = [];
  const waiting: ((outcome: Outcome) => void)[] = [];
  let closed = false;
  return {
    batches,
    get closed() {
      return closed;
    },
    get waiting() {
      return waiting.length;
    },
    answer(outcome) {
      const resolve = waiting.shift();
      if (resolve === undefined) throw new TypeError("no batch waits for an answer");
      resolve(outcome);
    },
    accept(batch, signal) {
      batches.push(batch);
      return new Promise((resolve) => {
        waiting.push(resolve);
        signal.addEventListener("abort", () => {
          if (waiting.includes(resolve)) waiting.splice(waiting.indexOf(resolve), 1);
          resolve({ kind: "busy", retryAfterMs: 0 });
        });
      });
    },
    async close() {
      closed = true;
    },
  };
}

/** Answers every batch the same way, at once. */
export function createFixedSink(outcome: Outcome): Sink & { readonly batches: readonly Batch[] } {
  const batches: Batch[] = [];
  return {
    batches,
    async accept(batch) {
      batches.push(batch);
      return outcome;
    },
    close: () => Promise.resolve(),
  };
}

/** Lets every promise that can settle do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
