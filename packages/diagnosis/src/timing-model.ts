/** How the spans of an edge lie within their requests: the pairs that were known last, and what share of requests has one. */
import type { Weighed } from "./ways.ts";

/** Pairs that are kept; the oldest give way. */
export const KEPT_PAIRS = 512;

/** Pairs that must be known before what lies as they do is told from what merely lies within a request. */
export const ENOUGH_PAIRS = 64;

/** Pairs that show how the clocks differ, and those that show what delay is always there. */
export const ENOUGH_FOR_OFFSET = 30;
const ENOUGH_FOR_LEAST = 200;

/** From here on one pair in so many still teaches: learning costs more than all else that a matched span does. */
const KNOWN_WELL = 1_000;
const SAMPLE_OF = 8;

/** From here on a pair by its times teaches too. */
const TEACHES = 0.95;

/** So much more than its request a span may be and still be explained by a clock. */
const UNEXPLAINED_MS = 1;

/** How many pairs may come before the least delays are looked up anew. */
const RENEW_AFTER = 64;

/** Old requests count less than new ones from here on. */
const HALVE_AT = 2_048;

/** So much is doubtful of each pair, however sure it seems: what known pairs show may have changed since. */
const ALWAYS_DOUBTFUL = 0.006;

/**
 * Of all pairs of an edge that are told no more may be wrong: as many as are by what is claimed of them, and so many
 * standard deviations more, since chance makes of few pairs more or fewer wrong ones.
 */
const MOST_WRONG = 0.03;
const DEVIATIONS = 1.25;

export interface TimingModel {
  pairs: number;
  /** Pairs by their times that took the place of others. */
  timed: number;
  /** Of the pairs that are kept: from the start of the request to that of its span, between the ends, the span's length. */
  readonly startMs: Float32Array;
  readonly endMs: Float32Array;
  readonly spanMs: Float32Array;
  /** What these show, once it was asked, and how many others have come since. */
  weighed: Weighed | undefined;
  changed: number;
  least: Delays;
  /** How many pairs were known when the least delays were looked up. */
  leastAt: number;
  /** How far the clock of the service is ahead, and how many pairs were known when this was looked up. */
  aheadMs: number | undefined;
  aheadAt: number;
  /** Requests that were compared with orphans, and how many of them have their span among those. */
  compared: number;
  joinable: number;
  /** Orphans beside them that no request explains, and the milliseconds in which these came. */
  strangers: number;
  strangersMs: number;
  /** Pairs that were told, and how many of them are wrong by what was claimed of them. */
  told: number;
  doubtful: number;
}

/** From the start of a request to that of its span, and from the end of the span to that of the request. */
export interface Delays {
  readonly startMs: number;
  readonly endMs: number;
}

export const TIMING_BYTES: number = 3 * KEPT_PAIRS * 4 + 200;

export const NO_DELAYS: Delays = { startMs: 0, endMs: 0 };

export function createTimingModel(): TimingModel {
  return {
    pairs: 0,
    timed: 0,
    startMs: new Float32Array(KEPT_PAIRS),
    endMs: new Float32Array(KEPT_PAIRS),
    spanMs: new Float32Array(KEPT_PAIRS),
    weighed: undefined,
    changed: 0,
    least: NO_DELAYS,
    leastAt: 0,
    aheadMs: undefined,
    aheadAt: 0,
    compared: 0,
    joinable: 0,
    strangers: 0,
    strangersMs: 0,
    told: 0,
    doubtful: 0,
  };
}

/** `startMs` and `endMs` are the delays at both ends, `spanMs` is the length of the span. */
export function learnPair(model: TimingModel, startMs: number, endMs: number, spanMs: number): void {
  model.pairs += 1;
  if (model.pairs > KNOWN_WELL && model.pairs % SAMPLE_OF !== 0) return;
  const taught =
    model.pairs <= KNOWN_WELL ? model.pairs : KNOWN_WELL + Math.floor((model.pairs - KNOWN_WELL) / SAMPLE_OF);
  keepPair(model, (taught - 1) % KEPT_PAIRS, startMs, endMs, spanMs);
}

/** A pair that merely has no rival: it teaches while there is room, and never in the place of one that is known. */
export function learnLonePair(model: TimingModel, startMs: number, endMs: number, spanMs: number): void {
  if (model.pairs < KEPT_PAIRS) learnPair(model, startMs, endMs, spanMs);
}

/**
 * A pair that was told by its times: where it is sure it teaches how they drift. It takes every other place at most, so
 * that what is known otherwise always has the rest.
 */
export function learnTimedPair(
  model: TimingModel,
  confidence: number,
  startMs: number,
  endMs: number,
  spanMs: number,
): void {
  if (confidence < TEACHES) return;
  if (model.pairs < KEPT_PAIRS) {
    learnPair(model, startMs, endMs, spanMs);
    return;
  }
  model.timed += 1;
  keepPair(model, (2 * model.timed) % KEPT_PAIRS, startMs, endMs, spanMs);
}

function keepPair(model: TimingModel, at: number, startMs: number, endMs: number, spanMs: number): void {
  model.startMs[at] = startMs;
  model.endMs[at] = endMs;
  model.spanMs[at] = spanMs;
  model.changed += 1;
}

/** How many pairs are kept: the first so many places hold one. */
export function keptPairs({ pairs }: TimingModel): number {
  return Math.min(pairs, KEPT_PAIRS);
}

/** The least delays that occur: below 0 where the clocks differ, and above it only where enough pairs are known. */
export function leastDelays(model: TimingModel): Delays {
  const { pairs, leastAt } = model;
  if (pairs < ENOUGH_FOR_OFFSET) return NO_DELAYS;
  if (leastAt > 0 && pairs - leastAt < RENEW_AFTER && pairs >= ENOUGH_FOR_LEAST === leastAt >= ENOUGH_FOR_LEAST)
    return model.least;
  const { startMs, endMs } = leastKept(model);
  const mostMs = pairs < ENOUGH_FOR_LEAST ? 0 : Infinity;
  model.least = { startMs: Math.min(mostMs, startMs), endMs: Math.min(mostMs, endMs) };
  model.leastAt = pairs;
  return model.least;
}

/**
 * How far the clock of the service is ahead of ours, by the known pairs: as little as explains them. Undefined while too
 * few are known, and where spans begin before their requests or end after them whatever the clocks are.
 */
export function offsetMs(model: TimingModel): number | undefined {
  const { pairs, aheadAt } = model;
  if (pairs < ENOUGH_FOR_OFFSET) return undefined;
  // It is asked for every request: it is looked up anew once as many of those that are kept are others.
  const after = pairs < KNOWN_WELL ? RENEW_AFTER : RENEW_AFTER * SAMPLE_OF;
  if (aheadAt > 0 && pairs - aheadAt < after) return model.aheadMs;
  const { startMs, endMs } = leastKept(model);
  model.aheadMs = startMs + endMs < -UNEXPLAINED_MS ? undefined : Math.min(startMs, Math.max(0, -endMs));
  model.aheadAt = pairs;
  return model.aheadMs;
}

function leastKept(model: TimingModel): Delays {
  const kept = keptPairs(model);
  const leastOf = (delays: Float32Array): number => delays.slice(0, kept).sort()[Math.floor(kept * 0.005)] as number;
  return { startMs: leastOf(model.startMs), endMs: leastOf(model.endMs) };
}

/** What was compared at one time: how many requests, how many of them have their span among the orphans, and the rest. */
export interface Comparison {
  readonly requests: number;
  readonly joinable: number;
  readonly strangers: number;
  readonly strangersMs: number;
}

/** The share of compared requests whose own span is among the orphans, were this comparison known too: half at first. */
export function joinableShare({ compared, joinable }: TimingModel, now: Comparison = NOTHING): number {
  return (joinable + now.joinable + 1) / (compared + now.requests + 2);
}

/** How many orphans a millisecond has that no request explains, were this comparison known too. */
export function strangersPerMs({ strangers, strangersMs }: TimingModel, now: Comparison): number {
  return (strangers + now.strangers + 1) / (strangersMs + now.strangersMs + 1);
}

const NOTHING: Comparison = { requests: 0, joinable: 0, strangers: 0, strangersMs: 0 };

export function learnComparison(model: TimingModel, { requests, joinable, strangers, strangersMs }: Comparison): void {
  model.compared += requests;
  model.joinable += joinable;
  model.strangers += strangers;
  model.strangersMs += strangersMs;
  if (model.compared < HALVE_AT) return;
  model.compared /= 2;
  model.joinable /= 2;
  model.strangers /= 2;
  model.strangersMs /= 2;
}

/** What is claimed of a pair that seems as sure as this. */
export function claimOf(confidence: number): number {
  return confidence - ALWAYS_DOUBTFUL;
}

/** Whether a pair as sure as this may be told, the surest first; notes it if so. */
export function mayTell(model: TimingModel, confidence: number): boolean {
  const doubtful = model.doubtful + 1 - confidence;
  // The first ones have none before them to make up for a wrong one: their deviation counts from nothing on.
  const byChance = DEVIATIONS * (Math.sqrt(doubtful + 1) - 1);
  if (doubtful + byChance > MOST_WRONG * (model.told + 1)) return false;
  model.told += 1;
  model.doubtful = doubtful;
  if (model.told >= HALVE_AT) {
    model.told /= 2;
    model.doubtful /= 2;
  }
  return true;
}
