/** Every edge before a boundary, by boundary and neighbour; bounded, so that no crowd of callers fills it. */
import type { Crossing } from "@tracemend/context";
import type { Arrival } from "./arrival.ts";
import { createArrival } from "./arrival.ts";

/** Neighbours per boundary that are told apart; the rest are one. */
const MAX_NEIGHBOURS = 128;
const MAX_BOUNDARIES = 64;

export const OTHER_CALLERS = "other callers";

export interface ArrivalBook {
  /** Undefined where there are too many boundaries; that is counted. */
  open(crossing: Crossing): Arrival | undefined;
  all(): Iterable<Arrival>;
  refused(): number;
}

export function createArrivalBook(windowMs: number): ArrivalBook {
  const byBoundary = new Map<string, Map<string, Arrival>>();
  const every: Arrival[] = [];
  let refused = 0;
  return {
    open(crossing) {
      const { boundary, cluster } = crossing;
      let arrivals = byBoundary.get(boundary);
      if (arrivals === undefined) {
        if (byBoundary.size >= MAX_BOUNDARIES) {
          refused += 1;
          return undefined;
        }
        arrivals = new Map();
        byBoundary.set(boundary, arrivals);
      }
      const neighbour = clusterBefore(crossing);
      const from = neighbour ?? crossing.downstream?.address ?? OTHER_CALLERS;
      const known = arrivals.get(from);
      if (known !== undefined) return known;
      const full = arrivals.size >= MAX_NEIGHBOURS;
      const name = full ? OTHER_CALLERS : from;
      let arrival = full ? arrivals.get(name) : undefined;
      if (arrival === undefined) {
        arrival = createArrival(boundary, cluster, name, neighbour !== undefined && !full, windowMs);
        arrivals.set(name, arrival);
        every.push(arrival);
      }
      return arrival;
    },
    all: () => every,
    refused: () => refused,
  };
}

/** The cluster whose border the request passed last, by what that border wrote into it. */
export function clusterBefore({ reading }: Crossing): string | undefined {
  if (reading.carried !== undefined) return reading.carried.cluster;
  return reading.kind === "valid" ? reading.own?.cluster : undefined;
}
