/** Whether requests that miss their span have orphans where these would be, more often than chance puts any there. */
import type { Books } from "./books.ts";
import { countedAtMs } from "./books.ts";
import type { Edge } from "./edge.ts";
import {
  CHANCE_UNITS,
  COMPARED,
  COMPATIBLE,
  COMPATIBLE_APART,
  COMPATIBLE_AT_BEST,
  COMPATIBLE_BY_CHANCE,
} from "./edge.ts";
import type { Likelihood } from "./likelihood.ts";
import type { Timed } from "./timed.ts";
import { answeredBeside, someFitting } from "./timed.ts";
import type { Delays } from "./timing-model.ts";
import { CLOSE } from "./ways.ts";

/**
 * A request moved by these meets only orphans that are not its own: how often that is compatible is chance. No round
 * numbers, because load often comes at a round rate.
 */
const SHIFTS_MS: readonly number[] = [-6_389, 7_621];

/** Fewer answered requests than this do not tell what chance does. */
const LEAST_ANSWERED = 16;

const ANY = (): boolean => true;

/** What was found around requests whose time has come. */
export interface Surroundings {
  readonly due: ReadonlySet<number>;
  readonly requests: readonly Timed[];
  readonly orphans: readonly Timed[];
  readonly least: Delays;
  /** Where enough pairs are known. */
  readonly likelihood: Likelihood | undefined;
}

/**
 * Notes how many of the due requests have an orphan that fits: one that lies as most known pairs do, or, while few are
 * known, any within the request. Beside it how many would if each had its own, and how many by chance: as many as do when
 * they are moved to other times, or as many as do of the requests beside them that were answered, whichever are more. And,
 * as many requests that are open at one time may lie around one orphan, how many have one that was counted for no other.
 */
export function noteAgreement(books: Books, edge: Edge, surroundings: Surroundings): void {
  const { due, requests, orphans, least, likelihood } = surroundings;
  const closeOdds = likelihood?.closeOdds ?? 0;
  const fits = (request: Timed, shiftMs: number, visit: (orphan: Timed) => boolean): boolean => {
    likelihood?.take(request.endMs - request.startMs);
    return someFitting(request, orphans, least, shiftMs, (orphan) => {
      const startMs = orphan.startMs - request.startMs - shiftMs;
      const endMs = request.endMs + shiftMs - orphan.endMs;
      const isClose =
        likelihood === undefined || likelihood.odds(startMs, endMs, orphan.endMs - orphan.startMs) >= closeOdds;
      return isClose && visit(orphan);
    });
  };
  const answered = answeredBeside(books, edge, [...due]);
  const beside =
    answered.length < LEAST_ANSWERED ? 0 : answered.filter((request) => fits(request, 0, ANY)).length / answered.length;
  const own = likelihood === undefined ? 1 : CLOSE;
  const { orphans: store } = books;
  for (const request of requests) {
    if (!due.has(request.at)) continue;
    const atMs = countedAtMs(books, books.crossings.ring.slot(request.at));
    const moved = SHIFTS_MS.filter((shiftMs) => fits(request, shiftMs, ANY)).length / SHIFTS_MS.length;
    const chance = Math.max(moved, beside);
    edge.tally.add(COMPARED, atMs, 1);
    let fitting = false;
    const apart = fits(request, 0, (orphan) => {
      fitting = true;
      const slot = store.ring.slot(orphan.at);
      if (store.isCounted(slot)) return false;
      store.setCounted(slot);
      return true;
    });
    if (fitting) edge.tally.add(COMPATIBLE, atMs, 1);
    if (apart) edge.tally.add(COMPATIBLE_APART, atMs, 1);
    edge.tally.add(COMPATIBLE_BY_CHANCE, atMs, Math.round(CHANCE_UNITS * chance));
    edge.tally.add(COMPATIBLE_AT_BEST, atMs, Math.round(CHANCE_UNITS * (own + (1 - own) * chance)));
  }
}
