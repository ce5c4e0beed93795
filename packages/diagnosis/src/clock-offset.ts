/** How far the clock of a service is ahead of ours, where no pair is known yet: the shift at which most orphans fit. */
import type { Delays } from "./timing-model.ts";
import { NO_DELAYS } from "./timing-model.ts";

const STEP_MS = 5;
const STEPS = 20;

/** Requests that must have been tried before a shift is believed, and the share of them that must fit where all should. */
const ENOUGH = 30;
const NEARLY_ALL = 0.9;

export interface OffsetSearch {
  trials: number;
  /** Requests that have a fitting orphan where nothing is moved. */
  unmoved: number;
  /** By shift from -100 to 100 ms: requests that have one under it, or up to half a step beside it. */
  readonly hits: Float32Array;
}

export const OFFSET_BYTES: number = (2 * STEPS + 1) * 4 + 24;

export function createOffsetSearch(): OffsetSearch {
  return { trials: 0, unmoved: 0, hits: new Float32Array(2 * STEPS + 1) };
}

/** So far outside its request an orphan still fits: shifts lie farther apart than short requests are long. */
const BESIDE_MS = STEP_MS / 2;
const BESIDE: Delays = { startMs: -BESIDE_MS, endMs: -BESIDE_MS };

/** `hasFitting` tells whether the request has a fitting orphan, by the least delays, when it is moved by so many milliseconds. */
export function tryOffsets(search: OffsetSearch, hasFitting: (shiftMs: number, least: Delays) => boolean): void {
  search.trials += 1;
  if (hasFitting(0, NO_DELAYS)) search.unmoved += 1;
  for (let step = -STEPS; step <= STEPS; step += 1) {
    const at = step + STEPS;
    if (hasFitting(step * STEP_MS, BESIDE)) search.hits[at] = (search.hits[at] as number) + 1;
  }
}

/** The least delays by the shift that was found, which is known to half a step. */
export function delaysByOffset(search: OffsetSearch): Delays {
  const aheadMs = foundOffsetMs(search);
  return aheadMs === undefined ? NO_DELAYS : { startMs: aheadMs - BESIDE_MS, endMs: -aheadMs - BESIDE_MS };
}

/** The shift nearest to 0 that does nearly as well as the best; undefined where none is surely better than none at all. */
export function foundOffsetMs({ trials, unmoved, hits }: OffsetSearch): number | undefined {
  if (trials < ENOUGH) return undefined;
  const best = hits.reduce((most, count) => Math.max(most, count), 0);
  if (best < unmoved + 3 * Math.sqrt(unmoved + 1)) return undefined;
  for (let distance = 0; distance <= STEPS; distance += 1) {
    for (const step of [distance, -distance]) {
      if ((hits[step + STEPS] as number) >= NEARLY_ALL * best) return step * STEP_MS;
    }
  }
  return undefined;
}

/** How far a clock is ahead, and to how much that is known. */
export interface KnownOffset {
  readonly aheadMs: number;
  readonly withinMs: number;
}

const NONE: KnownOffset = { aheadMs: 0, withinMs: 0 };

/** The shift under which nearly all requests have a fitting orphan, 0 where as they are; undefined while none is known. */
export function offsetOfAll(search: OffsetSearch): KnownOffset | undefined {
  const { trials, unmoved, hits } = search;
  if (trials < ENOUGH) return undefined;
  const aheadMs = foundOffsetMs(search);
  const fitting = aheadMs === undefined ? unmoved : (hits[aheadMs / STEP_MS + STEPS] as number);
  if (fitting < NEARLY_ALL * trials) return undefined;
  return aheadMs === undefined ? NONE : { aheadMs, withinMs: BESIDE_MS };
}

/** Whether nothing that was tried shows that the clocks differ. */
export function mayBeNone(search: OffsetSearch): boolean {
  return search.trials < ENOUGH || offsetOfAll(search)?.aheadMs === 0;
}
