/** The last resort: which orphan belongs to which request, by their times alone, refused where the times do not tell. */
import type { Books } from "./books.ts";
import { countedAtMs } from "./books.ts";
import { BARE } from "./cause.ts";
import { foundOffsetMs, tryOffsets } from "./clock-offset.ts";
import { MATCHED, MISSING, WAITING } from "./crossing-store.ts";
import type { CrossingStore } from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { COMPATIBLE, COMPATIBLE_BY_CHANCE, CHANCE_UNITS, answersFor } from "./edge.ts";
import type { OrphanStore } from "./orphan-store.ts";
import { pathsTell } from "./path-agreement.ts";
import type { Delays, TimingModel } from "./timing-model.ts";
import {
  ENOUGH_FOR_OFFSET,
  ENOUGH_PAIRS,
  joinableShare,
  learnClose,
  learnSure,
  learnPair,
  leastDelays,
  logLikelihood,
  logLikelihoodClose,
  logLikelihoodFloor,
  sureShare,
} from "./timing-model.ts";

export interface TimedPair {
  readonly record: number;
  readonly orphan: number;
  readonly confidence: number;
}

interface Candidate extends TimedPair {
  /** The likelihood of the pair as a logarithm. */
  readonly log: number;
  /** The likelihood of an orphan that merely happens to lie within the request. */
  readonly chance: number;
}

interface Interval {
  /** The number of a request's or an orphan's record. */
  readonly at: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Of its path; 0 where it is not known, or where paths do not tell. */
  readonly path: number;
}

/** Accepted from here on; below it a pair is only counted as compatible. */
const ACCEPTED = 0.9;

/** More candidates than this on average and times do not tell requests apart. */
const MOST_CANDIDATES = 10;

/** Where fewer requests than this have their span among the orphans, most pairs would be chance. */
const LEAST_JOINABLE = 0.2;

/** Where fewer pairs than this are sure, those that seem to be are where the model errs. */
const LEAST_SURE = 0.25;

/** That nothing fits is as likely as the least likely known pairs, but less than most known pairs by so much (as a logarithm). */
const BELOW_CLOSE = 5;

/** A rival counts for more than its likelihood: the model of an edge is never quite right where several pairs compete. */
const RIVAL_WEIGHT = 2;

/** How far clocks and roundings may put a span outside its request, beyond what the model knows. */
const SLACK_MS = 1;

/**
 * A request moved by these meets only orphans that are not its own: how often that is compatible is chance. No round
 * numbers, because load often comes at a round rate.
 */
const SHIFTS_MS: readonly number[] = [-6_389, 7_621];
const FARTHEST_MS = 10_000;

/** Records before and after the first due one among which answered requests are looked for, and how many tell enough. */
const BESIDE = 512;
const LEAST_ANSWERED = 16;
const MOST_ANSWERED = 64;

/** Requests that are compared at once; more are left undecided. */
const MOST_REQUESTS = 1_024;

/**
 * Pairs the requests of one edge that miss their span, and for which no exact join was found, with orphans of its
 * services. `records` have had the longest wait, oldest first. Returns the pairs that are sure enough; notes on the edge
 * how many requests had a compatible orphan, and how many would have had one by chance.
 */
export function associate(books: Books, edge: Edge, records: readonly number[]): readonly TimedPair[] {
  const due = records.slice(0, MOST_REQUESTS);
  const requests = requestsAround(books, edge, due);
  const orphans = orphansAround(books, edge, requests);
  if (orphans.length === 0) return [];
  const { timing } = edge;
  const wanted = new Set(due);
  const least = delaysOf(edge, wanted, requests, orphans);
  noteCompatible(books, edge, due, requests, orphans, least);

  noteClose(edge, due, requests, orphans, least);
  const unexplained = unexplainedPerMs(edge, wanted, requests, orphans);
  const floor = logLikelihoodFloor(timing);
  const nullLikelihood = Math.exp(Math.min(floor, logLikelihoodClose(timing) - BELOW_CLOSE));
  const pairs: Candidate[] = [];
  const byOrphan = new Map<number, number>();
  for (const request of requests) {
    for (let at = firstFrom(orphans, request.startMs + least.startMs - SLACK_MS); at < orphans.length; at += 1) {
      const orphan = orphans[at] as Interval;
      if (orphan.startMs > request.endMs - Math.min(0, least.endMs) + SLACK_MS) break;
      if (!fits(request, orphan, least, 0)) continue;
      byOrphan.set(orphan.at, (byOrphan.get(orphan.at) ?? 0) + 1);
      const log = likelihoodOf(timing, request, orphan, 0);
      const chance = Math.max(nullLikelihood, unexplained / Math.max(1, request.endMs - request.startMs));
      pairs.push({ record: request.at, orphan: orphan.at, log, chance, confidence: 0 });
    }
  }
  learnLonePairs(books, edge, pairs, byOrphan);
  if (timing.pairs < ENOUGH_PAIRS || joinableShare(timing) < LEAST_JOINABLE) return [];
  if (pairs.length > MOST_CANDIDATES * byOrphan.size) return [];
  const chosen = choose(pairs, floor).filter(({ record }) => wanted.has(record));
  const sure = chosen.filter(({ confidence }) => confidence >= ACCEPTED);
  learnSure(timing, chosen.length, sure.length);
  return sureShare(timing) < LEAST_SURE ? [] : sure;
}

/** How many orphans a millisecond has at least that no request explains. */
function unexplainedPerMs(
  edge: Edge,
  due: ReadonlySet<number>,
  requests: readonly Interval[],
  orphans: readonly Interval[],
): number {
  const spanMs = Math.max(1, (orphans.at(-1)?.startMs ?? 0) - (orphans[0]?.startMs ?? 0));
  const perMs = orphans.length / spanMs;
  const from = requests.find(({ at }) => due.has(at));
  const last = requests.findLast(({ at }) => due.has(at));
  const dueMs = Math.max(1, (last?.startMs ?? 0) - (from?.startMs ?? 0));
  const explained = (joinableShare(edge.timing) * due.size) / dueMs;
  return Math.max(0, perMs - explained);
}

function likelihoodOf(timing: TimingModel, request: Interval, orphan: Interval, shiftMs: number): number {
  return logLikelihood(timing, orphan.startMs - request.startMs - shiftMs, request.endMs + shiftMs - orphan.endMs);
}

/** Notes of the due requests how many have an orphan that is as likely as most known pairs are, and how many by chance. */
function noteClose(
  { timing }: Edge,
  due: readonly number[],
  requests: readonly Interval[],
  orphans: readonly Interval[],
  least: Delays,
): void {
  if (timing.pairs < ENOUGH_PAIRS) return;
  const wanted = new Set(due);
  const closeLog = logLikelihoodClose(timing);
  for (const request of requests) {
    if (!wanted.has(request.at)) continue;
    const isClose = (shiftMs: number): boolean =>
      hasFitting(
        request,
        orphans,
        least,
        shiftMs,
        (orphan) => likelihoodOf(timing, request, orphan, shiftMs) >= closeLog,
      );
    const moved = SHIFTS_MS.filter(isClose).length / SHIFTS_MS.length;
    learnClose(timing, isClose(0), moved);
  }
}

/** One to one, the likeliest first. A pair competes with all others of its request and of its orphan, and with chance. */
function choose(pairs: readonly Candidate[], floor: number): readonly TimedPair[] {
  const ofRequest = new Map<number, number>();
  const ofOrphan = new Map<number, number>();
  for (const { record, orphan, log } of pairs) {
    ofRequest.set(record, (ofRequest.get(record) ?? 0) + Math.exp(log));
    ofOrphan.set(orphan, (ofOrphan.get(orphan) ?? 0) + Math.exp(log));
  }
  const chosen: TimedPair[] = [];
  const taken = new Set<number>();
  const given = new Set<number>();
  for (const { record, orphan, log, chance } of pairs.toSorted((a, b) => b.log - a.log)) {
    if (log < floor) break;
    if (taken.has(orphan) || given.has(record)) continue;
    taken.add(orphan);
    given.add(record);
    const rivals = Math.max(ofRequest.get(record) as number, ofOrphan.get(orphan) as number);
    const own = Math.exp(log);
    const confidence = own / (own + RIVAL_WEIGHT * (rivals - own) + chance);
    chosen.push({ record, orphan, confidence });
  }
  return chosen;
}

/** In quiet moments a request and an orphan have only each other: such pairs teach the model without any label. */
function learnLonePairs(books: Books, edge: Edge, pairs: readonly Candidate[], byOrphan: Map<number, number>): void {
  const byRequest = new Map<number, number>();
  for (const { record } of pairs) byRequest.set(record, (byRequest.get(record) ?? 0) + 1);
  const { crossings, orphans } = books;
  for (const { record, orphan } of pairs) {
    if (byRequest.get(record) !== 1 || byOrphan.get(orphan) !== 1) continue;
    const request = crossings.ring.slot(record);
    const root = orphans.ring.slot(orphan);
    learnPair(
      edge.timing,
      (orphans.startMs[root] as number) - (crossings.startMs[request] as number),
      (crossings.endMs[request] as number) - (orphans.endMs[root] as number),
    );
  }
}

/** The least delays between requests and their spans: as known pairs show, else as the search for an offset does. */
function delaysOf(
  edge: Edge,
  due: ReadonlySet<number>,
  requests: readonly Interval[],
  orphans: readonly Interval[],
): Delays {
  if (edge.timing.pairs >= ENOUGH_FOR_OFFSET) return leastDelays(edge.timing);
  for (const request of requests) {
    if (due.has(request.at)) tryOffsets(edge.offset, (shiftMs) => hasFitting(request, orphans, NO_DELAYS, shiftMs));
  }
  const aheadMs = foundOffsetMs(edge.offset);
  return { startMs: aheadMs, endMs: -aheadMs };
}

const NO_DELAYS: Delays = { startMs: 0, endMs: 0 };

/**
 * How many of the due requests have an orphan that fits, and how many would by chance: as many as do when they are moved
 * to other times, or as many as do of the requests beside them that were answered, whichever are more.
 */
function noteCompatible(
  books: Books,
  edge: Edge,
  due: readonly number[],
  requests: readonly Interval[],
  orphans: readonly Interval[],
  least: Delays,
): void {
  const wanted = new Set(due);
  const answered = answeredBeside(books, edge, due);
  const fitting = answered.filter((request) => hasFitting(request, orphans, least, 0)).length;
  const beside = answered.length < LEAST_ANSWERED ? 0 : fitting / answered.length;
  for (const request of requests) {
    if (!wanted.has(request.at)) continue;
    const atMs = countedAtMs(books, books.crossings.ring.slot(request.at));
    if (hasFitting(request, orphans, least, 0)) edge.tally.add(COMPATIBLE, atMs, 1);
    let moved = 0;
    for (const shiftMs of SHIFTS_MS) {
      const fitted = hasFitting(request, orphans, least, shiftMs);
      if (fitted) moved += 1 / SHIFTS_MS.length;
    }
    edge.tally.add(COMPATIBLE_BY_CHANCE, atMs, Math.round(CHANCE_UNITS * Math.max(moved, beside)));
  }
}

/** Requests of the edge that were answered at about the time of the due ones: an orphan that fits them is not theirs. */
function answeredBeside({ crossings }: Books, edge: Edge, [first = 0]: readonly number[]): readonly Interval[] {
  const { ring, state, startMs } = crossings;
  const aroundMs = startMs[ring.slot(first)] as number;
  const answered: Interval[] = [];
  for (let step = 1; step <= 2 * BESIDE && answered.length < MOST_ANSWERED; step += 1) {
    const record = first + (step % 2 === 0 ? step / 2 : -(step + 1) / 2);
    if (record < ring.oldest() || record > ring.newest()) continue;
    const slot = ring.slot(record);
    if (crossings.edge[slot] !== edge.id || state[slot] !== MATCHED) continue;
    if (Math.abs((startMs[slot] as number) - aroundMs) > FARTHEST_MS / 2) continue;
    answered.push(intervalOf(crossings, record, pathsTell(edge)));
  }
  return answered;
}

function hasFitting(
  request: Interval,
  orphans: readonly Interval[],
  least: Delays,
  shiftMs: number,
  also: (orphan: Interval) => boolean = () => true,
): boolean {
  const untilMs = request.endMs + shiftMs - Math.min(0, least.endMs) + SLACK_MS;
  const fromMs = request.startMs + shiftMs + least.startMs - SLACK_MS;
  for (let at = firstFrom(orphans, fromMs); at < orphans.length; at += 1) {
    const orphan = orphans[at] as Interval;
    if (orphan.startMs > untilMs) return false;
    if (fits(request, orphan, least, shiftMs) && also(orphan)) return true;
  }
  return false;
}

/** Whether the orphan lies within the request, moved by `shiftMs`, as spans of this edge do. */
function fits(request: Interval, orphan: Interval, least: Delays, shiftMs: number): boolean {
  if (request.path !== orphan.path && request.path !== 0 && orphan.path !== 0) return false;
  const startMs = orphan.startMs - request.startMs - shiftMs;
  const endMs = request.endMs + shiftMs - orphan.endMs;
  return startMs >= least.startMs - SLACK_MS && endMs >= least.endMs - SLACK_MS;
}

/** The due requests and those beside them that may want the same orphans, oldest first. */
function requestsAround({ crossings }: Books, edge: Edge, due: readonly number[]): readonly Interval[] {
  const { ring, state, cause, startMs, endMs } = crossings;
  const requests: Interval[] = [];
  const first = due[0] ?? 0;
  const last = due.at(-1) ?? 0;
  const untilMs = endMs[ring.slot(last)] as number;
  for (let record = first; record <= ring.newest() && requests.length < 2 * MOST_REQUESTS; record += 1) {
    const slot = ring.slot(record);
    if (record > last && (startMs[slot] as number) > untilMs) break;
    if (crossings.edge[slot] !== edge.id) continue;
    if (state[slot] !== WAITING && !(state[slot] === MISSING && cause[slot] === BARE)) continue;
    requests.push(intervalOf(crossings, record, pathsTell(edge)));
  }
  return requests;
}

/** Orphans of the edge's services that belong to nothing yet, by start. */
function orphansAround({ orphans }: Books, edge: Edge, requests: readonly Interval[]): readonly Interval[] {
  let fromMs = Infinity;
  let untilMs = -Infinity;
  for (const { startMs, endMs } of requests) {
    fromMs = Math.min(fromMs, startMs);
    untilMs = Math.max(untilMs, endMs);
  }
  const found: Interval[] = [];
  const { ring, joined, service } = orphans;
  for (let at = ring.oldest(); at <= ring.newest(); at += 1) {
    const slot = ring.slot(at);
    if (joined[slot] === 1 || !answersFor(edge, service[slot] as number)) continue;
    const orphan = intervalOf(orphans, at, pathsTell(edge));
    if (orphan.endMs >= fromMs - FARTHEST_MS && orphan.startMs <= untilMs + FARTHEST_MS) found.push(orphan);
  }
  return found.sort((a, b) => a.startMs - b.startMs);
}

function intervalOf(
  { ring, startMs, endMs, path }: CrossingStore | OrphanStore,
  at: number,
  pathTells: boolean,
): Interval {
  const slot = ring.slot(at);
  return {
    at,
    startMs: startMs[slot] as number,
    endMs: endMs[slot] as number,
    path: pathTells ? (path[slot] as number) : 0,
  };
}

/** The first orphan that starts at this time or later. */
function firstFrom(orphans: readonly Interval[], startMs: number): number {
  let low = 0;
  let high = orphans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((orphans[middle] as Interval).startMs < startMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
