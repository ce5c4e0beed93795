/** Every edge behind a boundary, by boundary and upstream; bounded. */
import type { Edge } from "./edge.ts";
import { createEdge } from "./edge.ts";
import type { Settings } from "./settings.ts";

const MAX_EDGES = 2_000;

export interface EdgeBook {
  /** For calls of services, `boundary` is the service and `cluster` is "". Undefined where the book is full; that is counted. */
  open(boundary: string, cluster: string, upstream: string): Edge | undefined;
  at(id: number): Edge;
  all(): readonly Edge[];
  refused(): number;
}

export function createEdgeBook(settings: Settings): EdgeBook {
  const byBoundary = new Map<string, Map<string, Edge>>();
  /** A border may export its spans under its own name. */
  const byService = new Map<string, Map<string, Edge>>();
  const byId: Edge[] = [];
  let refused = 0;
  return {
    open(boundary, cluster, upstream) {
      const book = cluster === "" ? byService : byBoundary;
      let edges = book.get(boundary);
      const known = edges?.get(upstream);
      if (known !== undefined) return known;
      if (byId.length >= MAX_EDGES) {
        refused += 1;
        return undefined;
      }
      if (edges === undefined) {
        edges = new Map();
        book.set(boundary, edges);
      }
      const edge = createEdge(byId.length, boundary, cluster, upstream, settings);
      edges.set(upstream, edge);
      byId.push(edge);
      return edge;
    },
    at: (id) => byId[id] as Edge,
    all: () => byId,
    refused: () => refused,
  };
}
