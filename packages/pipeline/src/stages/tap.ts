/** Shows every batch to an observer and changes nothing. */
import type { Batch } from "@tracemend/otlp";
import type { Stage } from "../stage.ts";

export interface TapOptions {
  readonly observe: ((batch: Batch) => void) | undefined;
  /** Told what the observer threw; the batch goes on. */
  readonly failed: (cause: unknown) => void;
}

export function tap({ observe, failed }: TapOptions): Stage {
  if (observe === undefined) return (next) => next;
  return (next) => ({
    accept(batch, signal) {
      try {
        observe(batch);
      } catch (cause) {
        failed(cause);
      }
      return next.accept(batch, signal);
    },
    close: (signal) => next.close(signal),
  });
}
