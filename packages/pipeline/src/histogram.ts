/** Counts by bounds: how often a figure was at most so large. */

export interface Histogram {
  /** Upper bounds, inclusive; the last count is of what is above all. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

export interface OpenHistogram {
  add(value: number): void;
  read(): Histogram;
}

export function createHistogram(bounds: readonly number[]): OpenHistogram {
  const counts = Array.from({ length: bounds.length + 1 }, () => 0);
  let sum = 0;
  return {
    add(value) {
      let at = 0;
      while (at < bounds.length && value > (bounds[at] as number)) at++;
      counts[at] = (counts[at] as number) + 1;
      sum += value;
    },
    read: () => ({ bounds, counts: [...counts], sum }),
  };
}
