/** How much likelier it is that a span lies where it does because it answers a request than by chance, by known pairs. */
import type { TimingModel } from "./timing-model.ts";
import { keptPairs } from "./timing-model.ts";
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

/**
 * What is known of a pair, its numbers side by side: from start to start, from end to end, the length of the span and that
 * of the request, each with one over the width of its bell, which is 0 while the pair is left out.
 */
const ROW = 8;
const START = 0;
const END = 2;
const SPAN = 4;
const LENGTH = 6;
/** From a value to its width. */
const PER_MS = 1;

export function createLikelihood(model: TimingModel): Likelihood {
  const kept = keptPairs(model);
  const known = rowsOf(model, kept);
  const rows = known.slice();
  const mixedLengths = mixedLengthsOf(model, kept);
  const mixedNarrow = narrownessOf(mixedLengths, kept, NEIGHBOURS_IN_LENGTH);
  const weights = new Float64Array(kept);
  let takenMs = Number.NaN;
  let weight = 0;
  let mixedWeight = 0;
  let others = kept;

  const repeats = (row: number, other: number): boolean =>
    Math.abs((known[row + START] as number) - (known[other + START] as number)) < SAME_MS &&
    Math.abs((known[row + END] as number) - (known[other + END] as number)) < SAME_MS &&
    Math.abs((known[row + SPAN] as number) - (known[other + SPAN] as number)) < SAME_MS;

  /** What is asked next is told by all known pairs again. */
  const takeAll = (): void => {
    rows.set(known);
    others = kept;
    takenMs = Number.NaN;
  };

  /** What is asked next is told by all known pairs but this one and those that repeat it. */
  const leaveOut = (pair: number): void => {
    takeAll();
    widen(rows, pair);
    others -= 1;
    for (let row = 0; row < rows.length && kept - others <= MOST_REPEATS; row += ROW) {
      if (row === pair || !repeats(row, pair)) continue;
      widen(rows, row);
      others -= 1;
    }
  };

  const take = (requestMs: number): void => {
    if (requestMs === takenMs) return;
    takenMs = requestMs;
    weight = 0;
    mixedWeight = 0;
    for (let at = 0, row = LENGTH; at < kept; at += 1, row += ROW) {
      weights[at] = bell(requestMs - (rows[row] as number), rows[row + PER_MS] as number);
      weight += weights[at] as number;
      mixedWeight += bell(requestMs - (mixedLengths[at] as number), mixedNarrow[at] as number);
    }
    weight = Math.max(Number.MIN_VALUE, weight);
  };

  /** How likely spans of the edge are this long. */
  const spansAsLong = (spanMs: number): number => {
    let sum = 0;
    for (let row = SPAN; row < rows.length; row += ROW) {
      sum += bell(spanMs - (rows[row] as number), rows[row + PER_MS] as number);
    }
    return Math.max(Number.MIN_VALUE, sum);
  };

  const waysOf = (startMs: number, endMs: number, spanMs: number, asLong: number): Ways => {
    let both = 0;
    let start = 0;
    let end = 0;
    // Of all that the diagnosis does this is done most: each pair's numbers lie together, and one division serves both bells.
    for (let at = 0, row = 0; at < kept; at += 1, row += ROW) {
      const perMsAtStart = rows[row + START + PER_MS] as number;
      const perMsAtEnd = rows[row + END + PER_MS] as number;
      const startFall = fallOf((startMs - (rows[row + START] as number)) * perMsAtStart);
      const endFall = fallOf((endMs - (rows[row + END] as number)) * perMsAtEnd);
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
  const step = Math.max(1, Math.floor(kept / TRIED)) * ROW;
  for (let row = 0; row < known.length; row += step) {
    leaveOut(row);
    take(known[row + LENGTH] as number);
    const spanMs = known[row + SPAN] as number;
    tried.push(waysOf(known[row + START] as number, known[row + END] as number, spanMs, spansAsLong(spanMs)));
  }
  const shares = weighWays(tried);
  takeAll();

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

function rowsOf({ startMs, endMs, spanMs }: TimingModel, kept: number): Float64Array {
  const lengths = new Float32Array(kept);
  for (let at = 0; at < kept; at += 1)
    lengths[at] = (startMs[at] as number) + (endMs[at] as number) + (spanMs[at] as number);
  const rows = new Float64Array(kept * ROW);
  const enter = (place: number, values: Float32Array, neighbours: number): void => {
    const narrow = narrownessOf(values, kept, neighbours);
    for (let at = 0; at < kept; at += 1) {
      rows[at * ROW + place] = values[at] as number;
      rows[at * ROW + place + PER_MS] = narrow[at] as number;
    }
  };
  enter(START, startMs, NEIGHBOURS);
  enter(END, endMs, NEIGHBOURS);
  enter(SPAN, spanMs, NEIGHBOURS);
  enter(LENGTH, lengths, NEIGHBOURS_IN_LENGTH);
  return rows;
}

/** A bell without end has no height. */
function widen(rows: Float64Array, row: number): void {
  for (let place = row; place < row + ROW; place += 2) rows[place + PER_MS] = 0;
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
