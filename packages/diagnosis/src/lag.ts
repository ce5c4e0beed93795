/** How long after their end the spans of one instance arrive, learned from those that did. */

/** Quarter octaves of milliseconds: the last bucket begins at about 18 minutes. */
const BUCKETS = 80;
const PER_OCTAVE = 4;
const FIRST_QUARTER: number = 2 ** 0.25;
const SECOND_QUARTER: number = 2 ** 0.5;
const THIRD_QUARTER: number = 2 ** 0.75;

/** Spans that must have arrived before the instance's own lag is believed. */
const ENOUGH = 100;

/** Where the histogram is halved, so that what was learned follows a change of the exporter's settings. */
const HALVE_AT = 4_096;

/** No instance is trusted to be faster than this: the next span may be in a batch that waits. */
const LEAST_MARGIN_MS = 1_000;

export interface Lag {
  /** Arrival minus end of one span; negative where the instance's clock is ahead of ours. */
  add(lagMs: number): void;
  /** How long to wait after the newest span: twice the 99th percentile, or `unknownMs` where too little was seen. */
  marginMs(unknownMs: number): number;
  /** How far the instance's clock is ahead of ours at least: nothing arrives before it ended. */
  aheadMs(): number;
}

export function createLag(): Lag {
  const counts = new Uint16Array(BUCKETS);
  let total = 0;
  let seen = 0;
  let aheadMs = 0;
  let recentlyAheadMs = 0;
  const halve = (): void => {
    total = 0;
    aheadMs = recentlyAheadMs;
    recentlyAheadMs = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      counts[bucket] = (counts[bucket] as number) >> 1;
      total += counts[bucket] as number;
    }
  };
  return {
    add(lagMs) {
      if (-lagMs > recentlyAheadMs) {
        recentlyAheadMs = -lagMs;
        if (recentlyAheadMs > aheadMs) aheadMs = recentlyAheadMs;
      }
      const bucket = bucketOf(lagMs + aheadMs);
      counts[bucket] = (counts[bucket] as number) + 1;
      total += 1;
      seen += 1;
      if (total >= HALVE_AT) halve();
    },
    marginMs(unknownMs) {
      if (seen < ENOUGH) return unknownMs;
      let above = total * 0.01;
      let bucket = BUCKETS - 1;
      while (bucket > 0 && (counts[bucket] as number) <= above) {
        above -= counts[bucket] as number;
        bucket -= 1;
      }
      return Math.max(LEAST_MARGIN_MS, 2 * 2 ** (bucket / PER_OCTAVE));
    },
    aheadMs: () => aheadMs,
  };
}

/** The bucket whose upper end is not below the lag. A logarithm for every span would cost more than all else here. */
function bucketOf(lagMs: number): number {
  if (lagMs < 1) return 0;
  const whole = Math.min(2 ** 30, Math.ceil(lagMs));
  const octave = 31 - Math.clz32(whole);
  const share = whole / (1 << octave);
  const quarter = share <= FIRST_QUARTER ? 1 : share <= SECOND_QUARTER ? 2 : share <= THIRD_QUARTER ? 3 : 4;
  return Math.min(BUCKETS - 1, PER_OCTAVE * octave + quarter);
}
