/** Who may have done it: what was observed, and the hops it points to, the likeliest first. */
import type { BreakKind } from "./break.ts";

export interface Suspect {
  /** In words: the hop between two borders, or the service. */
  readonly hop: string;
  /** How likely it is that it was this one, if the break is one; those of a break add up to 1. */
  readonly share: number;
}

/** Where a break was seen, and by what. */
export interface Scene {
  readonly kind: BreakKind;
  /** The side of our border it was seen on. */
  readonly side: "before" | "behind";
  /** The neighbour before us or the boundary; the boundary or the called service. */
  readonly from: string;
  readonly to: string;
  /** Before us: whether the neighbour is a cluster whose border wrote into the request. */
  readonly known: boolean;
  /** Before us: our own cluster. */
  readonly cluster: string;
  /** Behind us: the share of the broken requests that came over our own connection, as the called service saw it. */
  readonly direct: number;
}

/** One row of the table. */
export interface Observation {
  readonly seen: string;
  readonly fits: (scene: Scene) => boolean;
  readonly suspects: (scene: Scene) => readonly Suspect[];
}

const service = ({ to }: Scene): string => `service ${to}`;
const hopBehind = ({ from, to }: Scene): string => `the hop between ${from} and service ${to}`;
const hopBetween = ({ from, to, cluster }: Scene): string =>
  `the hop between the border of cluster ${from} and ${to} (cluster ${cluster})`;

/** Shares come from what the kinds of evidence exclude, not from counts: they rank, and say how far the first one leads. */
const two = (first: string, second: string, share: number): readonly Suspect[] => [
  { hop: first, share },
  { hop: second, share: 1 - share },
];

function isKind(...kinds: readonly BreakKind[]): (scene: Scene) => boolean {
  return ({ kind }) => kinds.includes(kind);
}

/** The first row that fits decides. */
export const OBSERVATIONS: readonly Observation[] = [
  {
    seen: "what the border of another cluster wrote came through, and shows that it sent something else",
    fits: ({ side, known }) => side === "before" && known,
    suspects: (scene) => two(hopBetween(scene), `the border of cluster ${scene.from}`, 0.95),
  },
  {
    seen: "a traceparent that no propagator writes came from a neighbour that no border stands before",
    fits: ({ side, kind }) => side === "before" && kind === "malformed-traceparent",
    suspects: ({ from }) => two(from, `a hop between ${from} and its callers`, 0.7),
  },
  {
    seen: "a context that was spoilt on the way came from a neighbour that no border stands before",
    fits: ({ side }) => side === "before",
    suspects: ({ from }) => two(`${from}, or a hop between it and its callers`, `a caller behind ${from}`, 0.8),
  },
  {
    seen: "the service saw our own connection, and began a trace of its own",
    fits: (scene) => isKind("dropped-by-callee")(scene) && scene.direct >= 0.5,
    suspects: (scene) => two(service(scene), hopBehind(scene), 0.97),
  },
  {
    seen: "the service began a trace of its own, and does not say over which connection it was called",
    fits: isKind("dropped-by-callee"),
    suspects: (scene) => two(service(scene), hopBehind(scene), 0.7),
  },
  {
    seen: "the service was called over another connection than ours, and began a trace of its own",
    fits: isKind("dropped-before-callee"),
    suspects: (scene) => two(hopBehind(scene), service(scene), 0.9),
  },
  {
    seen: "the service is in the trace, below a parent that nobody exported",
    fits: isKind("ghost-hop"),
    suspects: (scene) => two(hopBehind(scene), `a span inside of ${service(scene)} that was lost`, 0.9),
  },
  {
    seen: "the service is in a trace whose id was made of ours",
    fits: isKind("truncated-trace-id", "rewritten-trace-id"),
    suspects: (scene) => two(service(scene), hopBehind(scene), 0.6),
  },
  {
    seen: "the service recorded what was not sampled",
    fits: isKind("recorded-unsampled"),
    suspects: (scene) => two(service(scene), hopBehind(scene), 0.7),
  },
  {
    seen: "the service worked in the trace, and the span it was entered by is missing",
    fits: isKind("export-loss"),
    suspects: (scene) => two(`the exporter of ${service(scene)}`, "the way from it to here", 0.8),
  },
  {
    seen: "spans of the service lie outside the requests they answer",
    fits: isKind("clock-skew"),
    suspects: (scene) => two(`the clock of ${service(scene)}`, `the clock of ${scene.from}`, 0.8),
  },
  {
    seen: "the service itself says what it did: it links back, or works on under a context that is over",
    fits: isKind("deliberate-restart", "context-leak"),
    suspects: (scene) => [{ hop: service(scene), share: 1 }],
  },
];

/** At least one: whatever no row knows is laid to the other end of the edge. */
export function suspectsOf(scene: Scene): readonly [Suspect, ...Suspect[]] {
  const [first, ...others] = OBSERVATIONS.find(({ fits }) => fits(scene))?.suspects(scene) ?? [];
  return first === undefined ? [{ hop: service(scene), share: 1 }] : [first, ...others];
}
