/** The pairs that are known of an edge, laid out to be weighed, and the bell that each stands for. */
import type { TimingModel } from "./timing-model.ts";
import { keptPairs } from "./timing-model.ts";

/** Each known pair stands for a range as wide as so many neighbours on either side lie apart. */
const NEIGHBOURS = 4;
/** Lengths of requests: a little wider, so that there always are some like the one at hand. */
const NEIGHBOURS_IN_LENGTH = 5;
const LEAST_WIDTH_MS = 0.03;

/**
 * What is known of a pair, its numbers side by side: from start to start, from end to end, the length of the span and that
 * of the request, each with one over the width of its bell.
 */
export const ROW = 8;
export const START = 0;
export const END = 2;
export const SPAN = 4;
export const LENGTH = 6;
/** From a value to its width. */
export const PER_MS = 1;

export interface KnownPairs {
  readonly kept: number;
  readonly rows: Float64Array;
  /** By pair: a length of requests were their parts those of known ones by chance, and one over the width of its bell. */
  readonly mixedLengths: Float32Array;
  readonly mixedNarrow: Float64Array;
}

export function knownPairs(model: TimingModel): KnownPairs {
  const kept = keptPairs(model);
  const { startMs, endMs, spanMs } = model;
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
  const mixedLengths = mixedLengthsOf(model, kept);
  return { kept, rows, mixedLengths, mixedNarrow: narrownessOf(mixedLengths, kept, NEIGHBOURS_IN_LENGTH) };
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

export const BELL_HEIGHT: number = 2 / Math.PI;

/** A bell of area 1 with tails longer than the normal one's, as delays have, yet not so long that many far pairs add up. */
export function bell(distanceMs: number, perMs: number): number {
  return (BELL_HEIGHT * perMs) / fallOf(distanceMs * perMs);
}

/** The bell of the number at this place of a row. */
export function bellAt(rows: Float64Array, place: number, ms: number): number {
  return bell(ms - (rows[place] as number), rows[place + PER_MS] as number);
}

/** How many times lower the bell is at so many of its widths from the middle. */
export function fallOf(distance: number): number {
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
