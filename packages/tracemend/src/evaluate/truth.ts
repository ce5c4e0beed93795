/** What was really done to a stream: kept apart, so that nothing on the detector's way can read it. */
import type { BreakClass } from "./break-class.ts";

export interface Truth {
  readonly breakClass: BreakClass;
  /** The boundary on the edge that was broken. */
  readonly boundary: string;
  /** The services on both ends of it. */
  readonly from: string;
  readonly to: string;
  /** Requests on the edge, and those that were broken. */
  requests: number;
  broken: number;
  firstBrokenMs: number;
  /** By the span id that was forwarded: the trace that the called service recorded the request in. */
  readonly orphans: Map<string, string>;
  /** Contexts that a boundary put back, and those of them that are not the one which was lost. */
  repairsWritten: number;
  repairsWrong: number;
  /** By boundary: what happened to whoever is called over it, meant or not. */
  readonly edges: Map<string, EdgeTruth>;
}

export interface EdgeTruth {
  readonly service: string;
  requests: number;
  /** Of these, with a span that the called service recorded below them. */
  answered: number;
  /** Answered by a span that by its clock begins outside of its request. */
  outside: number;
}

export function createTruth(breakClass: BreakClass, boundary: string, from: string, to: string): Truth {
  return {
    breakClass,
    boundary,
    from,
    to,
    requests: 0,
    broken: 0,
    firstBrokenMs: Infinity,
    orphans: new Map(),
    repairsWritten: 0,
    repairsWrong: 0,
    edges: new Map(),
  };
}
