/** How much likelier it is that a span lies where it does because it answers a request than by chance, by known pairs. */
import type { KnownPairs } from "./known-pairs.ts";
import { BELL_HEIGHT, END, LENGTH, PER_MS, ROW, SPAN, START, bell, bellAt, fallOf, knownPairs } from "./known-pairs.ts";
import type { TimingModel } from "./timing-model.ts";
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
  /** What known pairs that lie close reach, each by all the others. */
  readonly closeOdds: number;
}

/**
 * Each known pair is tried against all the others, which costs as much as comparing a few hundred requests: it is done
 * anew when one of so many pairs is another.
 */
const ANEW_AFTER = 8;

/** A pair that repeats the tried one so closely is left out with it: what repeats itself does not tell what is to come. */
const SAME_MS = 0.002;
/** More are not: a clock of whole milliseconds makes many alike that are no repeats. */
const MOST_REPEATS = 8;

export function createLikelihood(model: TimingModel): Likelihood {
  const known = knownPairs(model);
  const { kept, rows, mixedLengths, mixedNarrow } = known;
  if (model.weighed === undefined || model.changed * ANEW_AFTER >= kept) {
    model.weighed = weighWays(Array.from({ length: kept }, (_, at) => waysOfKnown(known, at * ROW)));
    model.changed = 0;
  }
  const { shares, closeOdds } = model.weighed;

  const weights = new Float64Array(kept);
  let takenMs = Number.NaN;
  let weight = 0;
  let mixedWeight = 0;
  /** How likely spans of the edge are as long, by the length of a span, which is asked of each request it may belong to. */
  const asLongAs = new Map<number, number>();

  const spansAsLong = (spanMs: number): number => {
    let sum = asLongAs.get(spanMs);
    if (sum !== undefined) return sum;
    sum = 0;
    for (let row = SPAN; row < rows.length; row += ROW) sum += bellAt(rows, row, spanMs);
    asLongAs.set(spanMs, sum);
    return sum;
  };

  return {
    take(requestMs) {
      if (requestMs === takenMs) return;
      takenMs = requestMs;
      weight = 0;
      mixedWeight = 0;
      for (let at = 0, row = LENGTH; at < kept; at += 1, row += ROW) {
        weights[at] = bellAt(rows, row, requestMs);
        weight += weights[at] as number;
        mixedWeight += bell(requestMs - (mixedLengths[at] as number), mixedNarrow[at] as number);
      }
    },
    odds(startMs, endMs, spanMs) {
      let both = 0;
      let start = 0;
      let end = 0;
      // Of all that the diagnosis does this is done most: each pair's numbers lie together, one division serves both bells.
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
      const sums = { of: kept, both, start, end, span: spansAsLong(spanMs), weight, mixed: mixedWeight / kept };
      return byAllWays(shares, waysOf(sums, startMs + endMs + spanMs));
    },
    closeOdds,
  };
}

/** What the bells of known pairs add up to where a span lies, and at its length and that of its request. */
interface Sums {
  /** How many pairs. */
  readonly of: number;
  readonly both: number;
  readonly start: number;
  readonly end: number;
  readonly span: number;
  /** Of pairs, by how long their requests are. */
  readonly weight: number;
  /** How likely a request were to be as long, had its parts come together by chance. */
  readonly mixed: number;
}

function waysOf({ of, both, start, end, span, weight, mixed }: Sums, requestMs: number): Ways {
  return {
    together: (both / Math.max(Number.MIN_VALUE, weight)) * (of / Math.max(Number.MIN_VALUE, span)),
    // How likely the length of the span is stands above and below the line.
    apart: ((start / of) * (end / of)) / mixed,
    anywhere: 1 / Math.max(1, requestMs),
  };
}

/** Of a known pair, told by all the others but those that repeat it. */
function waysOfKnown({ kept, rows, mixedLengths, mixedNarrow }: KnownPairs, own: number): Ways {
  const startMs = rows[own + START] as number;
  const endMs = rows[own + END] as number;
  const spanMs = rows[own + SPAN] as number;
  const requestMs = rows[own + LENGTH] as number;
  let both = 0;
  let start = 0;
  let end = 0;
  let span = 0;
  let weight = 0;
  let mixedWeight = 0;
  let repeats = 0;
  for (let at = 0, row = 0; at < kept; at += 1, row += ROW) {
    mixedWeight += bell(requestMs - (mixedLengths[at] as number), mixedNarrow[at] as number);
    if (row === own) continue;
    if (repeats < MOST_REPEATS && isSame(rows, row, own)) {
      repeats += 1;
      continue;
    }
    const atStart = bellAt(rows, row + START, startMs);
    const atEnd = bellAt(rows, row + END, endMs);
    const asLong = bellAt(rows, row + LENGTH, requestMs);
    both += asLong * atStart * atEnd;
    start += atStart;
    end += atEnd;
    span += bellAt(rows, row + SPAN, spanMs);
    weight += asLong;
  }
  const sums = { of: kept - 1 - repeats, both, start, end, span, weight, mixed: mixedWeight / kept };
  return waysOf(sums, requestMs);
}

function isSame(rows: Float64Array, row: number, other: number): boolean {
  return (
    Math.abs((rows[row + START] as number) - (rows[other + START] as number)) < SAME_MS &&
    Math.abs((rows[row + END] as number) - (rows[other + END] as number)) < SAME_MS &&
    Math.abs((rows[row + SPAN] as number) - (rows[other + SPAN] as number)) < SAME_MS
  );
}
