/** Measures the batches that leave, after they were joined and cut. */
import { createHistogram } from "../histogram.ts";
import type { Histogram } from "../histogram.ts";
import type { Stage } from "../stage.ts";

export interface Measure {
  readonly stage: Stage;
  readonly sizes: () => BatchSizes;
}

export interface BatchSizes {
  readonly items: Histogram;
  readonly bytes: Histogram;
}

export function createMeasure(): Measure {
  const items = createHistogram([1, 10, 100, 500, 1_000, 2_000, 4_000, 8_192]);
  const bytes = createHistogram([1_000, 10_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000, 4_000_000]);
  return {
    stage: (next) => ({
      accept(batch, signal) {
        items.add(batch.items);
        bytes.add(batch.bytes);
        return next.accept(batch, signal);
      },
      close: (signal) => next.close(signal),
    }),
    sizes: () => ({ items: items.read(), bytes: bytes.read() }),
  };
}
