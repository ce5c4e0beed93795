/** How many requests have their span among the orphans, and how many orphans answer none: by whole pairings, drawn. */
import type { Candidate, Groups, Grouped, Scene } from "./candidates.ts";
import { hashPair } from "./hash.ts";
import type { Comparison, TimingModel } from "./timing-model.ts";
import { joinableShare, strangersPerMs } from "./timing-model.ts";

/** Pairings that are drawn, each from the one before, and how many of them only lead away from the first. */
const DRAWN = 60;
const LEADING = 20;

/** Beyond this nothing gets surer. */
export const MOST_ODDS = 1e9;

const NOBODY = -1;

/**
 * Draws whole pairings as they are likely (Gibbs sampling), the shares from the pairings and the pairings by the shares.
 * Adding up how sure each pair is would count too few: where many compete, each looks worse than all of them are together.
 */
export function comparePairs(
  model: TimingModel,
  candidates: readonly Candidate[],
  { byRequest, byOrphan }: Grouped,
  { due, orphans, spanMs }: Scene,
): Comparison {
  const requests = due.size;
  const odds = Float64Array.from(candidates, (pair) => Math.min(MOST_ODDS, pair.odds));
  const answerable = Float64Array.from(candidates, (pair) => pair.answerable);
  const orphanOf = numbersOf(byOrphan, candidates.length);
  const isTaken = new Uint8Array(byOrphan.size);
  const ofRequest = [...byRequest].map(([record, own]) => ({ own, isDue: due.has(record) }));
  const chosen = new Int32Array(ofRequest.length).fill(NOBODY);
  const comparison = (joinable: number, explained: number): Comparison => ({
    requests,
    joinable,
    strangers: Math.max(0, orphans - explained),
    strangersMs: spanMs,
  });
  let now = comparison(requests / 2, orphans / 2);
  let allJoinable = 0;
  let allExplained = 0;
  for (let drawn = 0; drawn < DRAWN; drawn += 1) {
    const none = 1 / oddsScale(model, now);
    let joinable = 0;
    let explained = 0;
    for (const [request, { own, isDue }] of ofRequest.entries()) {
      const before = chosen[request] as number;
      if (before !== NOBODY) isTaken[orphanOf[before] as number] = 0;
      let all = none;
      let answering = 0;
      for (const at of own) {
        if (isTaken[orphanOf[at] as number] === 1) continue;
        all += odds[at] as number;
        answering += (odds[at] as number) * (answerable[at] as number);
      }
      // What is likely is counted, not what is drawn: so it takes fewer.
      if (isDue) joinable += 1 - none / all;
      explained += answering / all;
      let left = all * evenAt(drawn, request) - none;
      let after = NOBODY;
      for (let place = 0; left >= 0 && place < own.length; place += 1) {
        const at = own[place] as number;
        if (isTaken[orphanOf[at] as number] === 1) continue;
        left -= odds[at] as number;
        if (left < 0) after = at;
      }
      chosen[request] = after;
      if (after !== NOBODY) isTaken[orphanOf[after] as number] = 1;
    }
    now = comparison(joinable, explained);
    if (drawn < LEADING) continue;
    allJoinable += joinable;
    allExplained += explained;
  }
  return comparison(allJoinable / (DRAWN - LEADING), allExplained / (DRAWN - LEADING));
}

/** By how much the odds of a pair are higher than against one millisecond, by what was compared. */
export function oddsScale(model: TimingModel, now: Comparison): number {
  const share = joinableShare(model, now);
  return share / (1 - share) / strangersPerMs(model, now);
}

/** By place among the candidates: which of the groups, counted from 0 on, the pair is in. */
function numbersOf(groups: Groups, candidates: number): Int32Array {
  const numbers = new Int32Array(candidates);
  for (const [number, places] of [...groups.values()].entries()) for (const at of places) numbers[at] = number;
  return numbers;
}

/** Even in [0, 1), the same for the same pairing and request. */
function evenAt(drawn: number, request: number): number {
  return (hashPair(drawn, request, 0) >>> 0) / 0x1_0000_0000;
}
