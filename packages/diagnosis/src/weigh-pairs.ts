/** How sure it is that a request and an orphan belong together, where each may belong to several others or to nobody. */
import type { Candidate, Groups, Scene } from "./candidates.ts";
import { grouped } from "./candidates.ts";
import { MOST_ODDS, comparePairs, oddsScale } from "./drawn-pairs.ts";
import type { Comparison, TimingModel } from "./timing-model.ts";

export interface TimedPair {
  readonly record: number;
  readonly orphan: number;
  readonly confidence: number;
}

export interface Weighed {
  readonly pairs: readonly TimedPair[];
  readonly comparison: Comparison;
}

/** How often all rivals are heard: where few compete it has settled by then, where many do none is sure anyway. */
const ROUNDS = 10;

/** Pairs that are less sure are told to nobody, and hardly taken. */
const WORTH_A_LOOK = 0.1;

/**
 * Each request has one orphan or none, each orphan one request or none: the confidence of a pair by belief propagation.
 * A rival that surely belongs elsewhere does not count. How many requests have an orphan, and how many orphans no request,
 * is estimated before, beside what the model remembers.
 */
export function weighPairs(model: TimingModel, candidates: readonly Candidate[], scene: Scene): Weighed {
  const groups = grouped(candidates);
  const { byRequest, byOrphan } = groups;
  const comparison = comparePairs(model, candidates, groups, scene);
  const scale = oddsScale(model, comparison);
  const odds = Float64Array.from(candidates, (pair) => Math.min(MOST_ODDS, scale * pair.odds));
  const sure = propagate(odds, byRequest, byOrphan);
  const pairs = candidates.map(({ record, orphan }, at) => {
    const swaps = swapsOf(at, candidates, odds, sure, byRequest, byOrphan);
    return { record, orphan, confidence: (sure[at] as number) / (1 + swaps) };
  });
  return { pairs, comparison };
}

/**
 * How likely all ways are to give both this pair's orphan and another pair's each to the other's request, against leaving
 * them: the propagation does not see these, since in each both are taken.
 */
function swapsOf(
  at: number,
  candidates: readonly Candidate[],
  odds: Float64Array,
  sure: Float64Array,
  byRequest: Groups,
  byOrphan: Groups,
): number {
  if ((sure[at] as number) < WORTH_A_LOOK) return 0;
  const { record, orphan } = candidates[at] as Candidate;
  let swaps = 0;
  for (const mine of byRequest.get(record) ?? []) {
    if (mine === at) continue;
    for (const other of byOrphan.get((candidates[mine] as Candidate).orphan) ?? []) {
      if (other === mine || (sure[other] as number) < WORTH_A_LOOK) continue;
      const { record: otherRecord } = candidates[other] as Candidate;
      const theirs = (byRequest.get(otherRecord) ?? []).find((one) => (candidates[one] as Candidate).orphan === orphan);
      if (theirs === undefined) continue;
      const ways =
        ((odds[mine] as number) * (odds[theirs] as number)) / ((odds[at] as number) * (odds[other] as number));
      swaps += (sure[other] as number) * ways;
    }
  }
  return swaps;
}

/** How sure each pair is. */
function propagate(odds: Float64Array, byRequest: Groups, byOrphan: Groups): Float64Array {
  /** How free the request of a pair is of its other orphans, and the orphan of its other requests. */
  const requestFree = new Float64Array(odds.length).fill(1);
  const orphanFree = new Float64Array(odds.length).fill(1);
  for (let round = 0; round < ROUNDS; round += 1) {
    hearRivals(byRequest, odds, orphanFree, requestFree);
    hearRivals(byOrphan, odds, requestFree, orphanFree);
  }
  return odds.map((each, at) => {
    const own = each * (requestFree[at] as number) * (orphanFree[at] as number);
    return own / (1 + own);
  });
}

function hearRivals(groups: Groups, odds: Float64Array, free: Float64Array, told: Float64Array): void {
  for (const group of groups.values()) {
    let all = 0;
    for (const at of group) all += (odds[at] as number) * (free[at] as number);
    for (const at of group) told[at] = 1 / (1 + Math.max(0, all - (odds[at] as number) * (free[at] as number)));
  }
}
