/** Every edge before a boundary, by boundary and neighbour; bounded, so that no crowd of callers fills it. */
import type { Crossing } from "@tracemend/context";
import type { Arrival } from "./arrival.ts";
import { createArrival } from "./arrival.ts";

/** Clusters, and addresses, per boundary that are told apart; the rest are one. */
const MAX_CLUSTERS = 64;
const MAX_ADDRESSES = 64;
const MAX_BOUNDARIES = 256;

/** Edges in all. */
const MAX_ARRIVALS = 8_192;

interface Neighbours {
  readonly clusters: Map<string, Arrival>;
  readonly addresses: Map<string, Arrival>;
}

const OTHER_CALLERS = "other callers";

export interface ArrivalBook {
  /** Undefined where there are too many boundaries; that is counted. */
  open(crossing: Crossing): Arrival | undefined;
  /** The edge from the border of a cluster that is known from elsewhere. */
  openFrom(boundary: string, cluster: string, from: string): Arrival | undefined;
  at(id: number): Arrival | undefined;
  all(): readonly Arrival[];
  refused(): number;
}

export function createArrivalBook(windowMs: number): ArrivalBook {
  const byBoundary = new Map<string, Neighbours>();
  const byId: Arrival[] = [];
  let refused = 0;
  const neighboursOf = (boundary: string): Neighbours | undefined => {
    const known = byBoundary.get(boundary);
    if (known !== undefined) return known;
    if (byBoundary.size >= MAX_BOUNDARIES || byId.length >= MAX_ARRIVALS) {
      refused += 1;
      return undefined;
    }
    const neighbours: Neighbours = { clusters: new Map(), addresses: new Map() };
    byBoundary.set(boundary, neighbours);
    return neighbours;
  };
  const open = (boundary: string, cluster: string, from: string, isCluster: boolean): Arrival | undefined => {
    const neighbours = neighboursOf(boundary);
    if (neighbours === undefined) return undefined;
    const { clusters, addresses } = neighbours;
    const book = isCluster ? clusters : addresses;
    const known = book.get(from);
    if (known !== undefined) return known;
    const full = book.size >= (isCluster ? MAX_CLUSTERS : MAX_ADDRESSES) || byId.length >= MAX_ARRIVALS;
    if (full && from !== OTHER_CALLERS) return open(boundary, cluster, OTHER_CALLERS, false);
    const arrival = createArrival(byId.length, boundary, cluster, from, isCluster, windowMs);
    book.set(from, arrival);
    byId.push(arrival);
    return arrival;
  };
  /** Of the request before: most come from where it came from. */
  let last: Arrival | undefined;
  let lastFrom = "";
  return {
    open(crossing) {
      const before = clusterBefore(crossing);
      const from = before ?? crossing.downstream?.address ?? OTHER_CALLERS;
      if (last !== undefined && lastFrom === from && last.boundary === crossing.boundary) return last;
      last = open(crossing.boundary, crossing.cluster, from, before !== undefined);
      lastFrom = from;
      return last;
    },
    openFrom: (boundary, cluster, from) => open(boundary, cluster, from, true),
    at: (id) => byId[id],
    all: () => byId,
    refused: () => refused,
  };
}

/** The cluster whose border the request passed last, by what that border wrote into it. */
function clusterBefore({ reading }: Crossing): string | undefined {
  if (reading.carried !== undefined) return reading.carried.cluster;
  return reading.kind === "valid" ? reading.own?.cluster : undefined;
}
