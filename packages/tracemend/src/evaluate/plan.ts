/** Which trials an evaluation consists of. */
import type { BreakClass } from "./break-class.ts";
import { BREAK_CLASSES, INTACT, LOOK_ALIKES } from "./break-class.ts";
import type { Edge, ReadyRecording } from "./call.ts";
import { seedOf } from "./random.ts";
import type { TrialPlan } from "./stimulus.ts";

/**
 * `quick`: the busiest edge of each recording. `normal`: every edge, each class at one share, the shares in turn.
 * `full`: every edge, each class at each share.
 */
export type Scale = "quick" | "normal" | "full";

export interface Selection {
  readonly scale: Scale;
  readonly seed: number;
  /** Part of a name; every edge where absent. */
  readonly edge: string | undefined;
  /** Codes or parts of names; every class where empty. */
  readonly breakClasses: readonly string[];
  /** Requests in flight at which second traces are joined by time; some usual ones where empty. */
  readonly inFlight: readonly number[];
}

/** Only some edges or classes are asked for: what does not depend on them is left out. */
export function isNarrowed({ edge, breakClasses }: Selection): boolean {
  return edge !== undefined || breakClasses.length > 0;
}

/** Fewer requests in a recording than this are too few to tell one from another. */
export const LEAST_RECORDED = 50;

export const SHARES: readonly number[] = [0.02, 0.1, 0.5, 1];

/** A share of 2 % is to be found within 1000 requests, more within 200. */
const REQUESTS = 200;
const REQUESTS_FOR_RARE = 1_000;

const REQUESTS_PER_SECOND: readonly number[] = [2, 10, 40];

export interface Selected {
  readonly recording: ReadyRecording;
  readonly edges: readonly Edge[];
  /** Edges that are left out, with the reason. */
  readonly leftOut: readonly string[];
}

export function selectEdges(recordings: readonly ReadyRecording[], selection: Selection): readonly Selected[] {
  return recordings.map((recording) => {
    const edges = recording.edges.filter(({ requests }) => requests >= LEAST_RECORDED);
    const few = recording.edges.filter(({ requests }) => requests < LEAST_RECORDED);
    const { edge: part, scale } = selection;
    const named = part === undefined ? edges : edges.filter(({ name }) => `${recording.name} ${name}`.includes(part));
    return {
      recording,
      edges: scale === "quick" && part === undefined ? named.slice(0, 1) : named,
      leftOut: [
        ...few.map(({ name, requests }) => `${name}: ${requests} requests`),
        ...[...recording.notSeen].map(([what, count]) => `${what}: ${count}`),
      ],
    };
  });
}

const CLASSES: readonly BreakClass[] = [INTACT, ...BREAK_CLASSES, ...LOOK_ALIKES];

export function selectClasses({ breakClasses }: Selection): readonly BreakClass[] {
  if (breakClasses.length === 0) return CLASSES;
  return CLASSES.filter(({ code, name }) =>
    breakClasses.some((part) => code.toLowerCase() === part.toLowerCase() || name.includes(part)),
  );
}

export function plansOf(selected: readonly Selected[], selection: Selection): readonly TrialPlan[] {
  const { seed, scale } = selection;
  const plans: TrialPlan[] = [];
  const classes = selectClasses(selection);
  for (const { recording, edges } of selected) {
    if (recording.holds === "pairs") continue;
    for (const edge of edges) {
      for (const breakClass of classes) {
        // By what is tried, not by its place: a part of an evaluation is the same as that part of the whole.
        const turn = seedOf(seed, recording.name, edge.name) + CLASSES.indexOf(breakClass);
        for (const share of sharesOf(breakClass, scale, turn)) {
          const requests = share < 0.05 && share > 0 ? REQUESTS_FOR_RARE : REQUESTS;
          const at = breakClass.slow === true ? 0 : (turn + 1 + SHARES.indexOf(share)) % REQUESTS_PER_SECOND.length;
          const requestsPerSecond = REQUESTS_PER_SECOND[at] as number;
          plans.push({ recording, edge, breakClass, share, requests, requestsPerSecond, seed });
        }
      }
    }
  }
  return plans;
}

function sharesOf(breakClass: BreakClass, scale: Scale, turn: number): readonly number[] {
  if (breakClass === INTACT) return [0];
  if (breakClass.wholeOnly === true) return [1];
  return scale === "full" ? SHARES : [SHARES[turn % SHARES.length] as number];
}
