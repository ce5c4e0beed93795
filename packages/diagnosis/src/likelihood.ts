/** How much likelier it is that a span lies where it does because it answers a request than by chance, by known pairs. */
import type { TimingModel } from "./timing-model.ts";
import { KEPT_PAIRS, keptPairs } from "./timing-model.ts";
import type { Ways } from "./ways.ts";
import { byAllWays, weighWays } from "./ways.ts";

export interface Likelihood {
  /** Takes a request: what is asked next is asked of it. Requests of another length tell less of where its span lies. */
  take(requestMs: number): void;
  /**
   * The odds for a span with these delays at both ends to answer the request, against one that begins in any one
   * millisecond: both have the lengths that spans of this edge have.
   */
  odds(startMs: number, endMs: number, spanMs: number): number;
  /** What so many of the known pairs reach, each by all the others. */
  reachedBy(share: number): number;
}

/** Each known pair stands for a range as wide as so many neighbours on either side lie apart. */
const NEIGHBOURS = 4;
/** Lengths of requests: a little wider, so that there always are some like the one at hand. */
const NEIGHBOURS_IN_LENGTH = 5;
const LEAST_WIDTH_MS = 0.03;

/** Known pairs that are tried against the others. */
const TRIED = 64;

/** A pair that repeats the tried one so closely is left out with it: what repeats itself does not tell what is to come. */
const SAME_MS = 0.002;
/** More are not: a clock of whole milliseconds makes many alike that are no repeats. */
const MOST_REPEATS = 8;

export function createLikelihood(model: TimingModel): Likelihood {
  const kept = keptPairs(model);
  const { startMs: starts, endMs: ends, spanMs: spans } = model;
  const lengths = new Float32Array(KEPT_PAIRS);
  for (let at = 0; at < kept; at += 1)
    lengths[at] = (starts[at] as number) + (ends[at] as number) + (spans[at] as number);
  const startNarrow = narrownessOf(starts, kept, NEIGHBOURS);
  const endNarrow = narrownessOf(ends, kept, NEIGHBOURS);
  const spanNarrow = narrownessOf(spans, kept, NEIGHBOURS);
  const lengthNarrow = narrownessOf(lengths, kept, NEIGHBOURS_IN_LENGTH);
  const mixedLengths = mixedLengthsOf(model, kept);
  const mixedNarrow = narrownessOf(mixedLengths, kept, NEIGHBOURS_IN_LENGTH);
  const weights = new Float64Array(kept);
  let takenMs = Number.NaN;
  let weight = 0;
  let mixedWeight = 0;
  const isLeftOut = new Uint8Array(kept);
  let others = kept;

  const repeats = (at: number, pair: number): boolean =>
    Math.abs((starts[at] as number) - (starts[pair] as number)) < SAME_MS &&
    Math.abs((ends[at] as number) - (ends[pair] as number)) < SAME_MS &&
    Math.abs((spans[at] as number) - (spans[pair] as number)) < SAME_MS;

  /** What is asked next is told by all known pairs but this one and those that repeat it. */
  const leaveOut = (pair: number): void => {
    isLeftOut.fill(0);
    isLeftOut[pair] = 1;
    others = kept - 1;
    takenMs = Number.NaN;
    for (let at = 0; at < kept && kept - others <= MOST_REPEATS; at += 1) {
      if (at === pair || !repeats(at, pair)) continue;
      isLeftOut[at] = 1;
      others -= 1;
    }
  };

  const take = (requestMs: number): void => {
    if (requestMs === takenMs) return;
    takenMs = requestMs;
    weight = 0;
    mixedWeight = 0;
    for (let at = 0; at < kept; at += 1) {
      weights[at] = isLeftOut[at] === 1 ? 0 : bell(requestMs - (lengths[at] as number), lengthNarrow[at] as number);
      weight += weights[at] as number;
      mixedWeight += bell(requestMs - (mixedLengths[at] as number), mixedNarrow[at] as number);
    }
    weight = Math.max(Number.MIN_VALUE, weight);
  };

  /** How likely spans of the edge are this long. */
  const spansAsLong = (spanMs: number): number => {
    let sum = 0;
    for (let at = 0; at < kept; at += 1) {
      if (isLeftOut[at] === 0) sum += bell(spanMs - (spans[at] as number), spanNarrow[at] as number);
    }
    return Math.max(Number.MIN_VALUE, sum);
  };

  const waysOf = (startMs: number, endMs: number, spanMs: number, asLong: number): Ways => {
    let both = 0;
    let start = 0;
    let end = 0;
    for (let at = 0; at < kept; at += 1) {
      if (isLeftOut[at] === 1) continue;
      const perMsAtStart = startNarrow[at] as number;
      const perMsAtEnd = endNarrow[at] as number;
      const startFall = fallOf((startMs - (starts[at] as number)) * perMsAtStart);
      const endFall = fallOf((endMs - (ends[at] as number)) * perMsAtEnd);
      // One division serves both bells.
      const rise = BELL_HEIGHT / (startFall * endFall);
      const atStart = perMsAtStart * endFall * rise;
      const atEnd = perMsAtEnd * startFall * rise;
      both += (weights[at] as number) * atStart * atEnd;
      start += atStart;
      end += atEnd;
    }
    return {
      together: (both / weight) * (others / asLong),
      // How likely the length of the span is stands above and below the line.
      apart: (start / others) * (end / others) * (kept / mixedWeight),
      anywhere: 1 / Math.max(1, startMs + endMs + spanMs),
    };
  };

  const tried: Ways[] = [];
  for (let at = 0; at < kept; at += Math.max(1, Math.floor(kept / TRIED))) {
    leaveOut(at);
    take(lengths[at] as number);
    const spanMs = spans[at] as number;
    tried.push(waysOf(starts[at] as number, ends[at] as number, spanMs, spansAsLong(spanMs)));
  }
  const shares = weighWays(tried);
  isLeftOut.fill(0);
  others = kept;
  takenMs = Number.NaN;

  /** By the length of a span, which is asked of each request it may belong to. */
  const asLongAs = new Map<number, number>();

  return {
    take,
    odds(startMs, endMs, spanMs) {
      let asLong = asLongAs.get(spanMs);
      if (asLong === undefined) asLongAs.set(spanMs, (asLong = spansAsLong(spanMs)));
      return byAllWays(shares, waysOf(startMs, endMs, spanMs, asLong));
    },
    reachedBy(share) {
      const reached = tried.map((ways) => byAllWays(shares, ways));
      return reached.sort((a, b) => b - a)[Math.floor(reached.length * share)] ?? Infinity;
    },
  };
}

/** How long requests were if the parts of known ones came together by chance. */
function mixedLengthsOf({ startMs, endMs, spanMs }: TimingModel, kept: number): Float32Array {
  const step = Math.ceil(kept / 3);
  const lengths = new Float32Array(kept);
  for (let at = 0; at < kept; at += 1) {
    const end = endMs[(at + step) % kept] as number;
    lengths[at] = (startMs[at] as number) + end + (spanMs[(at + 2 * step) % kept] as number);
  }
  return lengths;
}

const BELL_HEIGHT = 2 / Math.PI;

/** A bell of area 1 with tails longer than the normal one's, as delays have, yet not so long that many far pairs add up. */
function bell(distanceMs: number, perMs: number): number {
  return (BELL_HEIGHT * perMs) / fallOf(distanceMs * perMs);
}

/** How many times lower the bell is at so many of its widths from the middle. */
function fallOf(distance: number): number {
  const fall = 1 + distance * distance;
  return fall * fall;
}

/** By value: one over the width of its bell, by the milliseconds that its neighbours lie apart. */
function narrownessOf(values: Float32Array, kept: number, neighbours: number): Float64Array {
  const narrow = new Float64Array(kept);
  const order = Uint16Array.from({ length: kept }, (_, at) => at).sort(
    (a, b) => (values[a] as number) - (values[b] as number),
  );
  for (let rank = 0; rank < kept; rank += 1) {
    const low = Math.max(0, rank - neighbours);
    const high = Math.min(kept - 1, rank + neighbours);
    const apartMs = (values[order[high] as number] as number) - (values[order[low] as number] as number);
    const halfMs = (apartMs * neighbours) / Math.max(1, high - low);
    narrow[order[rank] as number] = 1 / Math.max(LEAST_WIDTH_MS, halfMs);
  }
  return narrow;
}
