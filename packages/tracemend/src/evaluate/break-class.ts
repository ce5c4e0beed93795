/** Everything that is done to a stream on purpose: breaks by class, and what looks like one and is none. */
import type { Cut } from "./cut.ts";
import { dropped, ghostParent, leaked, restarted, sampledOut, truncated } from "./cut.ts";
import type { Hop } from "./hop.ts";
import {
  clearRandom,
  clearSampled,
  duplicate,
  ghostParentBefore,
  malform,
  restartTrace,
  setSampled,
  stripAll,
  stripTraceparent,
  stripTracestate,
  stripW3c,
} from "./hop.ts";

/** What of a request the spans of the called service show, beside their times; foreign ports are those of a sidecar. */
export type Shown = "times" | "ports" | "foreign-ports" | "request-ids";

/** What is done to the spans of the called service on their way, to this share of its batches or requests. */
export type StreamFault = "lost-batches" | "late-batches" | "other-backend" | "clock";

/** Requests or roots that are added, as a share of the requests of the edge. */
export type Addition = "entries-elsewhere" | "entries-without-context" | "linked-elsewhere";

export interface BreakClass {
  /** Of the taxonomy; `-` for what is no break. */
  readonly code: string;
  readonly name: string;
  /** Kinds of breaks that name it rightly. */
  readonly accepts: readonly string[];
  /** Whether it is to be found; else the kinds in `accepts` are allowed and nothing is right too. */
  readonly wanted: boolean;
  readonly shown: Shown;
  readonly cut?: Cut;
  /** The request comes over a border of another cluster and this hop. */
  readonly hop?: Hop;
  /** Kinds that name it rightly at the border that the request left by. */
  readonly mirrored?: readonly string[];
  /** W3C flags that the caller sends. */
  readonly callerFlags?: number;
  readonly stream?: StreamFault;
  readonly addition?: Addition;
  /** A hop of somebody else's makes the last connection to the called service. */
  readonly foreignPeer?: boolean;
  /** The request leaves unsampled and the service records it all the same. */
  readonly unsampled?: boolean;
  /** No boundary stands on the edge. */
  readonly unseen?: boolean;
  /** It takes requests that are long over: a stream of some minutes. */
  readonly slow?: boolean;
  /** It is there for every request or for none. */
  readonly wholeOnly?: boolean;
  /** The requests that come before it begins: those after it are of other traces. */
  readonly beginsAfter?: number;
}

const wanted = { wanted: true, shown: "times" } as const;
const innocent = { code: "-", wanted: false, shown: "times" } as const;

export const BREAK_CLASSES: readonly BreakClass[] = [
  { ...wanted, code: "B1", name: "stripped, carrier left", accepts: ["stripped-before-us"], hop: stripW3c },
  { ...wanted, code: "B1", name: "stripped, tracestate left", accepts: ["stripped-before-us"], hop: stripTraceparent },
  { ...wanted, code: "B1", name: "stripped, nothing left", accepts: ["stripped-before-us"], hop: stripAll },
  {
    ...wanted,
    code: "B2",
    name: "dropped by callee, ports",
    accepts: ["dropped-by-callee"],
    shown: "ports",
    cut: dropped,
  },
  {
    ...wanted,
    code: "B2",
    name: "dropped by callee, sidecar",
    accepts: ["dropped-by-callee"],
    shown: "foreign-ports",
    cut: dropped,
  },
  { ...wanted, code: "B2", name: "dropped by callee, times", accepts: ["dropped-by-callee"], cut: dropped },
  {
    ...wanted,
    code: "B3",
    name: "dropped before callee",
    accepts: ["dropped-before-callee"],
    shown: "request-ids",
    cut: dropped,
    foreignPeer: true,
  },
  { ...wanted, code: "B4", name: "ghost hop", accepts: ["ghost-hop"], cut: ghostParent },
  {
    ...wanted,
    code: "B4",
    name: "ghost hop before us",
    accepts: ["ghost-hop-before-us"],
    mirrored: ["ghost-hop"],
    hop: ghostParentBefore,
  },
  { ...wanted, code: "B7", name: "deliberate restart", accepts: ["deliberate-restart"], cut: restarted },
  { ...wanted, code: "B7", name: "restart between borders", accepts: ["restarted-between-borders"], hop: restartTrace },
  { ...wanted, code: "B8", name: "malformed traceparent", accepts: ["malformed-traceparent"], hop: malform },
  { ...wanted, code: "B9", name: "duplicate traceparent", accepts: ["duplicate-traceparent"], hop: duplicate },
  { ...wanted, code: "B10", name: "truncated trace id", accepts: ["truncated-trace-id"], cut: truncated },
  { ...wanted, code: "B11", name: "tracestate lost", accepts: ["tracestate-lost"], hop: stripTracestate },
  { ...wanted, code: "B12", name: "sampled flag cleared", accepts: ["sampled-flag-cleared"], hop: clearSampled },
  {
    ...wanted,
    code: "B13",
    name: "sampled flag set",
    accepts: ["sampled-flag-set"],
    mirrored: ["recorded-unsampled"],
    hop: setSampled,
    callerFlags: 0,
  },
  { ...wanted, code: "B13", name: "recorded unsampled", accepts: ["recorded-unsampled"], unsampled: true },
  { ...wanted, code: "B14", name: "random flag lost", accepts: ["random-flag-lost"], hop: clearRandom, callerFlags: 3 },
  { ...wanted, code: "B15", name: "context leak", accepts: ["context-leak"], cut: leaked, slow: true },
  { ...wanted, code: "B18", name: "clock skew", accepts: ["clock-skew"], stream: "clock", wholeOnly: true },
  {
    ...wanted,
    code: "B19",
    name: "dropped inside the cluster",
    accepts: ["dropped-by-callee", "dropped-inside"],
    cut: dropped,
    unseen: true,
  },
];

export const LOOK_ALIKES: readonly BreakClass[] = [
  { ...innocent, code: "B5", name: "export loss", accepts: ["export-loss"], stream: "lost-batches" },
  { ...innocent, code: "B6", name: "late spans", accepts: [], stream: "late-batches" },
  { ...innocent, name: "sampled out by callee", accepts: [], cut: sampledOut },
  { ...innocent, name: "second backend", accepts: [], stream: "other-backend" },
  { ...innocent, name: "entries elsewhere", accepts: [], addition: "entries-elsewhere" },
  { ...innocent, name: "entries without context", accepts: [], addition: "entries-without-context" },
  { ...innocent, name: "links to elsewhere", accepts: [], addition: "linked-elsewhere" },
];

/** Why nothing that reaches the detector can tell of a break of this class on this edge; undefined where something can. */
export function beyondEvidence({ unseen }: BreakClass, { clients }: { readonly clients: number }): string | undefined {
  if (unseen !== true || clients > 0) return undefined;
  return "no boundary stands on the edge and the caller records no CLIENT spans: no record of the request exists";
}

/** Nothing is done beyond what every stream has mixed in. */
export const INTACT: BreakClass = { ...innocent, name: "intact", accepts: [] };

/** Classes of the taxonomy that no recording and no crossing can carry, and why. */
export const NOT_CARRIED: Readonly<Record<string, string>> = {
  B16: "a crossing does not say which other formats came in",
  B17: "no recording has enough messages, and no boundary stands at a queue",
};
