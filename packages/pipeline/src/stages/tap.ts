/** Shows every batch to an observer and changes nothing. */
import type { Batch } from "@tracemend/otlp";
import type { Stage } from "../stage.ts";

export interface TapOptions {
  readonly observe: (batch: Batch) => void;
  /** Told what the observer threw; the batch goes on. */
  readonly failed: (cause: unknown) => void;
}

export function tap(options: TapOptions): Stage {
  return (next) => ({
    accept(batch, signal) {
      try {
        options.observe(batch);
      } catch (cause) {
        options.failed(cause);
      }
      return next.accept(batch, signal);
    },
    close: (signal) => next.close(signal),
  });
}
