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
  /** By the span id that was forwarded: the broken entry of the called service. */
  readonly cuts: Map<string, CutTruth>;
  /** Contexts that a boundary put back, and those of them that are not the one which was lost. */
  restored: number;
  restoredWrong: number;
  /** By boundary, and by `caller→called` as CLIENT spans tell it: what happened there, meant or not. */
  readonly edges: Map<string, EdgeTruth>;
}

export interface CutTruth {
  /** The trace that was forwarded, and the one that the called service recorded the request in. */
  readonly forwardedTraceId: string;
  readonly traceId: string;
  /** The SERVER span it recorded; set once it is. */
  spanId: string | undefined;
}

export interface EdgeTruth {
  readonly service: string;
  requests: number;
  /** Answered by a span that by its clock begins outside of its request, or as late as it ends after it. */
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
    cuts: new Map(),
    restored: 0,
    restoredWrong: 0,
    edges: new Map(),
  };
}
