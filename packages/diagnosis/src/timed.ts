/** Requests and orphans of one edge as intervals in time, and which orphans lie where a request's span would. */
import type { Books } from "./books.ts";
import { isUnexplained } from "./books.ts";
import { MATCHED, WAITING } from "./crossing-store.ts";
import type { CrossingStore } from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { answersFor } from "./edge.ts";
import { overlaps } from "./interval.ts";
import type { OrphanStore } from "./orphan-store.ts";
import { mayBeSame } from "./outcome.ts";
import { outcomeBits, pathsTell } from "./told.ts";
import type { Delays } from "./timing-model.ts";

export interface Timed {
  /** The number of a request's or an orphan's record. */
  readonly at: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Of its path; 0 where it is not known, or where paths do not tell. */
  readonly path: number;
  /** See `outcome.ts`; what does not tell is left out. */
  readonly outcome: number;
}

/** How far clocks and roundings may put a span outside its request, beyond what the model knows. */
export const SLACK_MS = 1;

/** Orphans are looked at up to so far from the requests. */
const FARTHEST_MS = 10_000;

/** Records before and after the due ones among which others are looked for that may want the same orphans. */
const BESIDE_DUE = 2_048;

/** Records before and after the first due one among which answered requests are looked for, and how many tell enough. */
const BESIDE = 512;
const MOST_ANSWERED = 64;

/** The due requests and those open beside them that may have the same orphans. */
export function requestsAround(books: Books, edge: Edge, due: ReadonlySet<number>): readonly Timed[] {
  const { crossings } = books;
  const { ring } = crossings;
  let fromMs = Infinity;
  let untilMs = -Infinity;
  let first = Infinity;
  let last = 0;
  for (const record of due) {
    const slot = ring.slot(record);
    fromMs = Math.min(fromMs, crossings.startMs(slot));
    untilMs = Math.max(untilMs, crossings.endMs(slot));
    first = Math.min(first, record);
    last = Math.max(last, record);
  }
  const requests: Timed[] = [];
  const until = Math.min(ring.newest(), last + BESIDE_DUE);
  for (let record = Math.max(ring.oldest(), first - BESIDE_DUE); record <= until; record += 1) {
    const slot = ring.slot(record);
    if (crossings.edge(slot) !== edge.id) continue;
    const mayHaveOne = crossings.state(slot) === WAITING || isUnexplained(books, slot) || crossings.leftUnsampled(slot);
    if (!mayHaveOne || !overlaps(crossings.startMs(slot), crossings.endMs(slot), fromMs, untilMs)) continue;
    requests.push(timedOf(crossings, record, edge));
  }
  return requests;
}

/** From the first start to the last end. */
export function extentOf(intervals: readonly Timed[]): Pick<Timed, "startMs" | "endMs"> {
  let startMs = Infinity;
  let endMs = -Infinity;
  for (const interval of intervals) {
    startMs = Math.min(startMs, interval.startMs);
    endMs = Math.max(endMs, interval.endMs);
  }
  return { startMs, endMs };
}

/** Orphans of the edge's services that belong to nothing yet, by start. */
export function orphansAround({ orphans }: Books, edge: Edge, requests: readonly Timed[]): readonly Timed[] {
  const during = extentOf(requests);
  const fromMs = during.startMs - FARTHEST_MS;
  const untilMs = during.endMs + FARTHEST_MS;
  const found: Timed[] = [];
  const { ring } = orphans;
  for (let at = ring.oldest(); at <= ring.newest(); at += 1) {
    const slot = ring.slot(at);
    if (orphans.isJoined(slot) || !overlaps(orphans.startMs(slot), orphans.endMs(slot), fromMs, untilMs)) continue;
    if (answersFor(edge, orphans.service(slot))) found.push(timedOf(orphans, at, edge));
  }
  return found.sort((a, b) => a.startMs - b.startMs);
}

/** Requests of the edge that were answered at about the time of the due ones: an orphan that fits them is not theirs. */
export function answeredBeside({ crossings }: Books, edge: Edge, [first = 0]: readonly number[]): readonly Timed[] {
  const { ring } = crossings;
  const aroundMs = crossings.startMs(ring.slot(first));
  const answered: Timed[] = [];
  for (let step = 1; step <= 2 * BESIDE && answered.length < MOST_ANSWERED; step += 1) {
    const record = first + (step % 2 === 0 ? step / 2 : -(step + 1) / 2);
    if (record < ring.oldest() || record > ring.newest()) continue;
    const slot = ring.slot(record);
    if (crossings.edge(slot) !== edge.id || crossings.state(slot) !== MATCHED) continue;
    if (Math.abs(crossings.startMs(slot) - aroundMs) > FARTHEST_MS / 2) continue;
    answered.push(timedOf(crossings, record, edge));
  }
  return answered;
}

/**
 * Calls `visit` for each orphan that lies within the request, moved by `shiftMs`, as spans of this edge do, until it
 * returns true. Returns whether it did.
 */
export function someFitting(
  request: Timed,
  orphans: readonly Timed[],
  least: Delays,
  shiftMs: number,
  visit: (orphan: Timed) => boolean,
): boolean {
  const fromMs = request.startMs + shiftMs + least.startMs - SLACK_MS;
  const untilMs = request.endMs + shiftMs - Math.min(0, least.endMs) + SLACK_MS;
  const lastMs = request.endMs + shiftMs - least.endMs + SLACK_MS;
  for (let at = firstFrom(orphans, fromMs); at < orphans.length; at += 1) {
    const orphan = orphans[at] as Timed;
    if (orphan.startMs > untilMs) return false;
    if (orphan.endMs > lastMs) continue;
    if (request.path !== orphan.path && request.path !== 0 && orphan.path !== 0) continue;
    if (request.outcome !== orphan.outcome && !mayBeSame(request.outcome, orphan.outcome)) continue;
    if (visit(orphan)) return true;
  }
  return false;
}

function timedOf(store: CrossingStore | OrphanStore, at: number, edge: Edge): Timed {
  const slot = store.ring.slot(at);
  const path = pathsTell(edge) ? store.path(slot) : 0;
  const outcome = store.outcome(slot) & outcomeBits(edge);
  return { at, startMs: store.startMs(slot), endMs: store.endMs(slot), path, outcome };
}

/** The first orphan that starts at this time or later. */
function firstFrom(orphans: readonly Timed[], startMs: number): number {
  let low = 0;
  let high = orphans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((orphans[middle] as Timed).startMs < startMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
