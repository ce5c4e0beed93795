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

/** The share of known pairs that counts as close. */
const CLOSE = 0.5;

/** Log likelihoods of known pairs, by whole numbers from -40 on. */
const LOG_BINS = 64;
const LOG_LEAST = -40;

export interface TimingModel {
  pairs: number;
  total: number;
  /** The middle of the first pairs: the bins are finest there, so clocks that differ cost no precision. */
  startCentreMs: number;
  endCentreMs: number;
  /** The first pairs, until they are enough to find the middle. */
  readonly first: Float64Array;
  /** Requests that were compared; those with an orphan as likely as the better half of known pairs, and moved ones. */
  trials: number;
  close: number;
  closeByChance: number;
  /** Requests that had an orphan to choose, and those whose pair was sure. */
  chosen: number;
  sure: number;
  readonly atStart: Float32Array;
  readonly atEnd: Float32Array;
  readonly known: Float32Array;
}

/** From the start of a request to that of its span, and from the end of the span to that of the request. */
export interface Delays {
  readonly startMs: number;
  readonly endMs: number;
}

export const TIMING_BYTES: number = (2 * BINS + LOG_BINS) * 4 + 2 * ENOUGH_FOR_OFFSET * 8 + 96;

export function createTimingModel(): TimingModel {
  return {
    pairs: 0,
    total: 0,
    startCentreMs: 0,
    endCentreMs: 0,
    first: new Float64Array(2 * ENOUGH_FOR_OFFSET),
    trials: 0,
    close: 0,
    closeByChance: 0,
    chosen: 0,
    sure: 0,
    atStart: new Float32Array(BINS),
    atEnd: new Float32Array(BINS),
    known: new Float32Array(LOG_BINS),
  };
}

/** `startMs`: from the start of the request to that of its span. `endMs`: from the end of the span to that of the request. */
export function learnPair(model: TimingModel, startMs: number, endMs: number): void {
  model.pairs += 1;
  if (model.pairs <= ENOUGH_FOR_OFFSET) {
    model.first[model.pairs - 1] = startMs;
    model.first[ENOUGH_FOR_OFFSET + model.pairs - 1] = endMs;
    if (model.pairs === ENOUGH_FOR_OFFSET) centre(model);
    return;
  }
  if (model.pairs > KNOWN_WELL && model.pairs % SAMPLE_OF !== 0) return;
  if (model.pairs >= ENOUGH_PAIRS / 2) {
    const bin = Math.floor(logLikelihood(model, startMs, endMs)) - LOG_LEAST;
    bump(model.known, Math.max(0, Math.min(LOG_BINS - 1, bin)));
  }
  fill(model, startMs, endMs);
  if (model.total < HALVE_AT) return;
  model.total /= 2;
  for (const bins of [model.atStart, model.atEnd, model.known]) {
    for (let bin = 0; bin < bins.length; bin += 1) bins[bin] = (bins[bin] as number) / 2;
  }
}

function centre(model: TimingModel): void {
  const { first } = model;
  const starts = first.slice(0, ENOUGH_FOR_OFFSET).sort();
  const ends = first.slice(ENOUGH_FOR_OFFSET).sort();
  model.startCentreMs = starts[ENOUGH_FOR_OFFSET >> 1] as number;
  model.endCentreMs = ends[ENOUGH_FOR_OFFSET >> 1] as number;
  for (let at = 0; at < ENOUGH_FOR_OFFSET; at += 1) {
    fill(model, first[at] as number, first[ENOUGH_FOR_OFFSET + at] as number);
  }
}

function fill(model: TimingModel, startMs: number, endMs: number): void {
  bump(model.atStart, binOf(startMs - model.startCentreMs));
  bump(model.atEnd, binOf(endMs - model.endCentreMs));
  model.total += 1;
}

/** Notes one request that misses its span: whether an orphan lies close, and in what share of its moves one does. */
export function learnClose(model: TimingModel, close: boolean, byChance: number): void {
  model.trials += 1;
  if (close) model.close += 1;
  model.closeByChance += byChance;
  if (model.trials < HALVE_AT) return;
  model.trials /= 2;
  model.close /= 2;
  model.closeByChance /= 2;
}

/** Notes how many requests had an orphan to choose, and of how many the pair was sure. */
export function learnSure(model: TimingModel, chosen: number, sure: number): void {
  model.chosen += chosen;
  model.sure += sure;
  if (model.chosen < HALVE_AT) return;
  model.chosen /= 2;
  model.sure /= 2;
}

/** The share of pairs that are sure; where it is small, those few are where the model errs. */
export function sureShare({ chosen, sure }: TimingModel): number {
  return (sure + 2) / (chosen + 10);
}

/**
 * The share of the compared requests whose own span is among the orphans: half of those have one that is as likely as the
 * better half of known pairs are, the others as often as a request does that was moved to another time.
 */
export function joinableShare({ trials, close, closeByChance }: TimingModel): number {
  if (trials === 0) return 0;
  const byChance = closeByChance / trials;
  if (byChance >= 1) return 0;
  return Math.max(0, Math.min(1, (close / trials - byChance) / ((1 - byChance) * CLOSE)));
}

/** The likelihood of both delays for a pair that belongs together, as a logarithm. */
export function logLikelihood(model: TimingModel, startMs: number, endMs: number): number {
  const { total, startCentreMs, endCentreMs } = model;
  return (
    logDensity(model.atStart, total, startMs - startCentreMs) + logDensity(model.atEnd, total, endMs - endCentreMs)
  );
}

/** What 99 % of the known pairs reach: below it, no pair is better than none. */
export function logLikelihoodFloor(model: TimingModel): number {
  return quantileOf(model, 0.01);
}

/** What the better half of the known pairs reach. */
export function logLikelihoodClose(model: TimingModel): number {
  return quantileOf(model, 1 - CLOSE);
}

function quantileOf({ known }: TimingModel, quantile: number): number {
  let sum = 0;
  for (const count of known) sum += count;
  let below = sum * quantile;
  for (let bin = 0; bin < LOG_BINS; bin += 1) {
    below -= known[bin] as number;
    if (below < 0) return bin + LOG_LEAST;
  }
  return LOG_LEAST;
}

/** The least delays that occur: below 0 where the clocks differ, and above it only where enough pairs are known. */
export function leastDelays(model: TimingModel): Delays {
  const { pairs, total, startCentreMs, endCentreMs } = model;
  const mostMs = pairs < ENOUGH_PAIRS ? 0 : Infinity;
  return {
    startMs: Math.min(mostMs, startCentreMs + leastOf(model.atStart, total)),
    endMs: Math.min(mostMs, endCentreMs + leastOf(model.atEnd, total)),
  };
}

/** How far the clock of the service is ahead of ours, by the known pairs: as little as explains them. */
export function offsetMs(model: TimingModel): number {
  if (model.pairs < ENOUGH_FOR_OFFSET) return 0;
  const { startMs, endMs } = leastDelays(model);
  return startMs < 0 ? startMs : Math.max(0, -endMs);
}

/** From the centre on; the outer edge of the bin. */
function leastOf(bins: Float32Array, total: number): number {
  let below = total * 0.005;
  for (let bin = 0; bin < BINS; bin += 1) {
    below -= bins[bin] as number;
    if (below >= 0) continue;
    return bin > MIDDLE ? 0 : (1 - 2 ** ((MIDDLE - bin + 0.5) / PER_OCTAVE)) / 10;
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
