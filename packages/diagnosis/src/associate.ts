/** The last resort: which orphan belongs to which request, by their times alone, refused where the times do not tell. */
import { noteAgreement } from "./agreement.ts";
import type { Books } from "./books.ts";
import type { Candidate } from "./candidates.ts";
import { delaysByOffset, tryOffsets } from "./clock-offset.ts";
import type { Edge } from "./edge.ts";
import type { Likelihood } from "./likelihood.ts";
import { createLikelihood } from "./likelihood.ts";
import { mayBeSame } from "./outcome.ts";
import type { Timed } from "./timed.ts";
import { extentOf, orphansAround, requestsAround, someFitting } from "./timed.ts";
import type { Delays } from "./timing-model.ts";
import {
  ENOUGH_FOR_OFFSET,
  ENOUGH_PAIRS,
  claimOf,
  joinableShare,
  learnComparison,
  learnLonePair,
  leastDelays,
  mayTell,
} from "./timing-model.ts";
import type { TimedPair } from "./weigh-pairs.ts";
import { weighPairs } from "./weigh-pairs.ts";

/** Accepted from here on; below it a pair is only counted as compatible. */
const ACCEPTED = 0.9;

/** More candidates than this on average and times do not tell requests apart. */
const MOST_CANDIDATES = 40;

/** Pairs that are weighed at once: where more compete, none is told. */
const MOST_PAIRS = 32_768;

/** Where fewer requests than this have their span among the orphans, most pairs would be chance. */
const LEAST_JOINABLE = 0.2;

/**
 * Pairs the requests of one edge that miss their span, and for which no exact join was found, with orphans of its
 * services. `records` have had the longest wait, oldest first. Returns the pairs that are sure enough; notes on the edge
 * how many requests had a compatible orphan, and how many would have had one by chance.
 */
export function associate(books: Books, edge: Edge, records: readonly number[]): readonly TimedPair[] {
  const due = new Set(records);
  const requests = requestsAround(books, edge, due);
  const orphans = orphansAround(books, edge, requests);
  if (orphans.length === 0) return [];
  const { timing } = edge;
  const least = delaysOf(edge, due, requests, orphans);
  const likelihood = timing.pairs < ENOUGH_PAIRS ? undefined : createLikelihood(timing);
  noteAgreement(books, edge, { due, requests, orphans, least, likelihood });
  const fitting = fittingPairs(requests, orphans, least);
  if (fitting === undefined) return [];
  learnLonePairs(edge, fitting);
  const competing = new Set(fitting.map(({ orphan }) => orphan)).size;
  if (likelihood === undefined || fitting.length > MOST_CANDIDATES * competing) return [];
  const shareOf = sharesAmong(requests);
  const { pairs, comparison } = weighPairs(timing, likenedPairs(fitting, likelihood, shareOf), {
    due,
    ...orphansWithin(orphans, requests, shareOf),
  });
  learnComparison(timing, comparison);
  if (joinableShare(timing) < LEAST_JOINABLE) return [];
  return pairs
    .filter(({ record }) => due.has(record))
    .map((pair) => ({ ...pair, confidence: claimOf(pair.confidence) }))
    .filter(({ confidence }) => confidence >= ACCEPTED)
    .sort((a, b) => b.confidence - a.confidence)
    .filter(({ confidence }) => mayTell(timing, confidence));
}

interface Fitting {
  readonly request: Timed;
  readonly orphan: Timed;
}

/** Every orphan within every request, by request; undefined where they are too many. */
function fittingPairs(
  requests: readonly Timed[],
  orphans: readonly Timed[],
  least: Delays,
): readonly Fitting[] | undefined {
  const fitting: Fitting[] = [];
  for (const request of requests) {
    someFitting(request, orphans, least, 0, (orphan) => {
      fitting.push({ request, orphan });
      return false;
    });
    if (fitting.length > MOST_PAIRS) return undefined;
  }
  return fitting;
}

/** The share of the requests that an orphan may answer by its path and its outcome. */
type ShareOf = (orphan: Timed) => number;

function sharesAmong(requests: readonly Timed[]): ShareOf {
  const all = new Map<number, number>();
  const byPath = new Map<number, Map<number, number>>();
  for (const { path, outcome } of requests) {
    let counts = byPath.get(path);
    if (counts === undefined) {
      counts = new Map();
      byPath.set(path, counts);
    }
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    all.set(outcome, (all.get(outcome) ?? 0) + 1);
  }
  const countOf = (counts: ReadonlyMap<number, number> | undefined, wanted: number): number => {
    let sum = 0;
    for (const [outcome, count] of counts ?? []) if (mayBeSame(outcome, wanted)) sum += count;
    return sum;
  };
  return ({ path, outcome }) => {
    const count =
      path === 0 ? countOf(all, outcome) : countOf(byPath.get(path), outcome) + countOf(byPath.get(0), outcome);
    return count / requests.length;
  };
}

function likenedPairs(fitting: readonly Fitting[], likelihood: Likelihood, shareOf: ShareOf): readonly Candidate[] {
  return fitting.map(({ request, orphan }) => {
    likelihood.take(request.endMs - request.startMs);
    const odds = likelihood.odds(...delaysBetween(request, orphan));
    return { record: request.at, orphan: orphan.at, odds, answerable: shareOf(orphan) };
  });
}

/** How many orphans lie where the requests do, as many as each of these may have, and how long that is. */
function orphansWithin(
  orphans: readonly Timed[],
  requests: readonly Timed[],
  shareOf: ShareOf,
): { orphans: number; spanMs: number } {
  const during = extentOf(requests);
  let within = 0;
  for (const orphan of orphans) {
    if (orphan.startMs >= during.startMs && orphan.endMs <= during.endMs) within += shareOf(orphan);
  }
  return { orphans: within, spanMs: during.endMs - during.startMs };
}

/** In quiet moments a request and an orphan have only each other: such pairs teach the model without any label. */
function learnLonePairs(edge: Edge, fitting: readonly Fitting[]): void {
  const ofRequest = new Map<Timed, number>();
  const ofOrphan = new Map<Timed, number>();
  for (const { request, orphan } of fitting) {
    ofRequest.set(request, (ofRequest.get(request) ?? 0) + 1);
    ofOrphan.set(orphan, (ofOrphan.get(orphan) ?? 0) + 1);
  }
  for (const { request, orphan } of fitting) {
    if (ofRequest.get(request) === 1 && ofOrphan.get(orphan) === 1)
      learnLonePair(edge.timing, ...delaysBetween(request, orphan));
  }
}

/** From start to start, from end to end, and the length of the span. */
function delaysBetween(request: Timed, orphan: Timed): [number, number, number] {
  return [orphan.startMs - request.startMs, request.endMs - orphan.endMs, orphan.endMs - orphan.startMs];
}

/** The least delays between requests and their spans: as known pairs show, else as the search for an offset does. */
function delaysOf(edge: Edge, due: ReadonlySet<number>, requests: readonly Timed[], orphans: readonly Timed[]): Delays {
  if (edge.timing.pairs >= ENOUGH_FOR_OFFSET) return leastDelays(edge.timing);
  for (const request of requests) {
    if (due.has(request.at))
      tryOffsets(edge.offset, (shiftMs, least) => someFitting(request, orphans, least, shiftMs, () => true));
  }
  return delaysByOffset(edge.offset);
}
