/** How the spans of an edge lie within their requests, learned from pairs that are known for certain. */

const BINS = 128;
const MIDDLE = 64;
/** Bins per octave of tenths of a millisecond: the outermost begins at about a minute. */
const PER_OCTAVE = 3.25;
/** The width of a bin by its distance from zero. */
const OCTAVE_SHARE: number = 2 ** (1 / PER_OCTAVE) - 1;
const HALVE_AT = 2_048;

/** Pairs that must be known before the model may decide anything. */
export const ENOUGH_PAIRS = 200;

/** Pairs that show how the clocks differ. */
export const ENOUGH_FOR_OFFSET = 30;

/** From here on one pair in so many still teaches: learning costs more than all else that a matched span does. */
const KNOWN_WELL = 1_000;
const SAMPLE_OF = 8;

/** Log likelihoods of known pairs, by whole numbers from -40 on. */
const LOG_BINS = 64;
const LOG_LEAST = -40;

export interface TimingModel {
  pairs: number;
  total: number;
  /** Trials of a request at a time that is not its own, and how many met an orphan all the same. */
  trials: number;
  chances: number;
  readonly atStart: Float32Array;
  readonly atEnd: Float32Array;
  readonly known: Float32Array;
}

/** From the start of a request to that of its span, and from the end of the span to that of the request. */
export interface Delays {
  readonly startMs: number;
  readonly endMs: number;
}

export const TIMING_BYTES: number = (2 * BINS + LOG_BINS) * 4 + 64;

export function createTimingModel(): TimingModel {
  return {
    pairs: 0,
    total: 0,
    trials: 0,
    chances: 0,
    atStart: new Float32Array(BINS),
    atEnd: new Float32Array(BINS),
    known: new Float32Array(LOG_BINS),
  };
}

/** `startMs`: from the start of the request to that of its span. `endMs`: from the end of the span to that of the request. */
export function learnPair(model: TimingModel, startMs: number, endMs: number): void {
  model.pairs += 1;
  if (model.pairs > KNOWN_WELL && model.pairs % SAMPLE_OF !== 0) return;
  if (model.pairs >= ENOUGH_PAIRS / 2) {
    const bin = Math.floor(logLikelihood(model, startMs, endMs)) - LOG_LEAST;
    bump(model.known, Math.max(0, Math.min(LOG_BINS - 1, bin)));
  }
  bump(model.atStart, binOf(startMs));
  bump(model.atEnd, binOf(endMs));
  model.total += 1;
  if (model.total < HALVE_AT) return;
  model.total /= 2;
  for (const bins of [model.atStart, model.atEnd, model.known]) {
    for (let bin = 0; bin < bins.length; bin += 1) bins[bin] = (bins[bin] as number) / 2;
  }
}

export function learnChance(model: TimingModel, met: boolean): void {
  model.trials += 1;
  if (met) model.chances += 1;
  if (model.trials < HALVE_AT) return;
  model.trials /= 2;
  model.chances /= 2;
}

/** How often a request meets an orphan that is not its own. */
export function chanceShare(model: TimingModel): number {
  return (model.chances + 1) / (model.trials + 2);
}

/** The likelihood of both delays for a pair that belongs together, as a logarithm. */
export function logLikelihood(model: TimingModel, startMs: number, endMs: number): number {
  return logDensity(model.atStart, model.total, startMs) + logDensity(model.atEnd, model.total, endMs);
}

/** What 99 % of the known pairs reach: below it, no pair is better than none. */
export function logLikelihoodFloor(model: TimingModel): number {
  let sum = 0;
  for (const count of model.known) sum += count;
  let below = sum * 0.01;
  for (let bin = 0; bin < LOG_BINS; bin += 1) {
    below -= model.known[bin] as number;
    if (below < 0) return bin + LOG_LEAST;
  }
  return LOG_LEAST;
}

/** The least delays that occur: below 0 where the clocks differ. */
export function leastDelays(model: TimingModel): Delays {
  return { startMs: leastOf(model.atStart, model.total), endMs: leastOf(model.atEnd, model.total) };
}

/** How far the clock of the service is ahead of ours, by the known pairs: as little as explains them. */
export function offsetMs(model: TimingModel): number {
  if (model.pairs < ENOUGH_FOR_OFFSET) return 0;
  const { startMs, endMs } = leastDelays(model);
  return startMs < 0 ? startMs : -endMs;
}

function leastOf(bins: Float32Array, total: number): number {
  let below = total * 0.005;
  for (let bin = 0; bin < BINS; bin += 1) {
    below -= bins[bin] as number;
    if (below >= 0) continue;
    if (bin >= MIDDLE) return 0;
    // The outer edge of the bin.
    return (1 - 2 ** ((MIDDLE - bin + 0.5) / PER_OCTAVE)) / 10;
  }
  return 0;
}

/** Of one millisecond: wide bins hold more without being likelier, so the count is divided by the width. */
function logDensity(bins: Float32Array, total: number, ms: number): number {
  const bin = binOf(ms);
  const beside = (bins[bin - 1] ?? 0) + (bins[bin + 1] ?? 0);
  const smooth = 0.5 * (bins[bin] as number) + 0.25 * beside + 0.01;
  return Math.log(smooth / (total + 1)) - Math.log(OCTAVE_SHARE * (Math.abs(ms) + 0.1));
}

function bump(bins: Float32Array, bin: number): void {
  bins[bin] = (bins[bin] as number) + 1;
}

function binOf(ms: number): number {
  const distance = Math.min(MIDDLE - 1, Math.round(PER_OCTAVE * Math.log2(1 + Math.abs(ms) * 10)));
  return ms < 0 ? MIDDLE - distance : MIDDLE + distance;
}
