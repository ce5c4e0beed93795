/** How far the clock of a service is ahead of ours, where no pair is known yet: the shift at which most orphans fit. */

const STEP_MS = 5;
const STEPS = 20;

/** Requests that must have been tried before a shift is believed. */
const ENOUGH = 30;

export interface OffsetSearch {
  trials: number;
  /** By shift from -100 to 100 ms: requests that have a fitting orphan under it. */
  readonly hits: Float32Array;
}

export const OFFSET_BYTES: number = (2 * STEPS + 1) * 4 + 16;

export function createOffsetSearch(): OffsetSearch {
  return { trials: 0, hits: new Float32Array(2 * STEPS + 1) };
}

/** `hasFitting` tells whether the request has a fitting orphan when it is moved by so many milliseconds. */
export function tryOffsets(search: OffsetSearch, hasFitting: (shiftMs: number) => boolean): void {
  search.trials += 1;
  for (let step = -STEPS; step <= STEPS; step += 1) {
    const at = step + STEPS;
    if (hasFitting(step * STEP_MS)) search.hits[at] = (search.hits[at] as number) + 1;
  }
}

/** The shift nearest to 0 that does nearly as well as the best; 0 where none is surely better than none at all. */
export function foundOffsetMs({ trials, hits }: OffsetSearch): number {
  if (trials < ENOUGH) return 0;
  const best = hits.reduce((most, count) => Math.max(most, count), 0);
  const unmoved = hits[STEPS] as number;
  if (best < unmoved + 3 * Math.sqrt(unmoved + 1)) return 0;
  for (let distance = 1; distance <= STEPS; distance += 1) {
    for (const step of [distance, -distance]) {
      if ((hits[step + STEPS] as number) >= 0.9 * best) return step * STEP_MS;
    }
  }
  return 0;
}
