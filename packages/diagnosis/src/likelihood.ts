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
const NEIGHBOURS = 3;
/** Lengths of requests: wider, so that there always are some like the one at hand. */
const NEIGHBOURS_IN_LENGTH = 12;
const LEAST_WIDTH_MS = 0.1;

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
  const startWidths = widthsOf(starts, kept, NEIGHBOURS);
  const endWidths = widthsOf(ends, kept, NEIGHBOURS);
  const spanWidths = widthsOf(spans, kept, NEIGHBOURS);
  const lengthWidths = widthsOf(lengths, kept, NEIGHBOURS_IN_LENGTH);
  const mixedLengths = mixedLengthsOf(model, kept);
  const mixedWidths = widthsOf(mixedLengths, kept, NEIGHBOURS_IN_LENGTH);
  const weights = new Float64Array(kept);
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
    for (let at = 0; at < kept && kept - others <= MOST_REPEATS; at += 1) {
      if (at === pair || !repeats(at, pair)) continue;
      isLeftOut[at] = 1;
      others -= 1;
    }
  };

  const take = (requestMs: number): void => {
    weight = 0;
    mixedWeight = 0;
    for (let at = 0; at < kept; at += 1) {
      const width = lengthWidths[at] as number;
      weights[at] = isLeftOut[at] === 1 ? 0 : bell((requestMs - (lengths[at] as number)) / width) / width;
      weight += weights[at] as number;
      const mixedWidth = mixedWidths[at] as number;
      mixedWeight += bell((requestMs - (mixedLengths[at] as number)) / mixedWidth) / mixedWidth;
    }
    weight = Math.max(Number.MIN_VALUE, weight);
  };

  const waysOf = (startMs: number, endMs: number, spanMs: number): Ways => {
    let both = 0;
    let start = 0;
    let end = 0;
    let span = 0;
    for (let at = 0; at < kept; at += 1) {
      if (isLeftOut[at] === 1) continue;
      const startWidth = startWidths[at] as number;
      const endWidth = endWidths[at] as number;
      const spanWidth = spanWidths[at] as number;
      const atStart = bell((startMs - (starts[at] as number)) / startWidth) / startWidth;
      const atEnd = bell((endMs - (ends[at] as number)) / endWidth) / endWidth;
      both += (weights[at] as number) * atStart * atEnd;
      start += atStart;
      end += atEnd;
      span += bell((spanMs - (spans[at] as number)) / spanWidth) / spanWidth;
    }
    return {
      together: (both / weight) * (others / Math.max(Number.MIN_VALUE, span)),
      // How likely the length of the span is stands above and below the line.
      apart: (start / others) * (end / others) * (kept / mixedWeight),
      anywhere: 1 / Math.max(1, startMs + endMs + spanMs),
    };
  };

  const tried: Ways[] = [];
  for (let at = 0; at < kept; at += Math.max(1, Math.floor(kept / TRIED))) {
    leaveOut(at);
    take(lengths[at] as number);
    tried.push(waysOf(starts[at] as number, ends[at] as number, spans[at] as number));
  }
  const shares = weighWays(tried);
  isLeftOut.fill(0);
  others = kept;

  return {
    take,
    odds: (startMs, endMs, spanMs) => byAllWays(shares, waysOf(startMs, endMs, spanMs)),
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

/** A bell of area 1 with tails longer than the normal one's, as delays have, yet not so long that many far pairs add up. */
function bell(distance: number): number {
  const fall = 1 + distance * distance;
  return 2 / (Math.PI * fall * fall);
}

function widthsOf(values: Float32Array, kept: number, neighbours: number): Float64Array {
  const widths = new Float64Array(kept);
  const order = Uint16Array.from({ length: kept }, (_, at) => at).sort(
    (a, b) => (values[a] as number) - (values[b] as number),
  );
  for (let rank = 0; rank < kept; rank += 1) {
    const low = Math.max(0, rank - neighbours);
    const high = Math.min(kept - 1, rank + neighbours);
    const apartMs = (values[order[high] as number] as number) - (values[order[low] as number] as number);
    const halfMs = (apartMs * neighbours) / Math.max(1, high - low);
    widths[order[rank] as number] = Math.max(LEAST_WIDTH_MS, halfMs);
  }
  return widths;
}
