/** The classes of breaks behind a boundary: what they make of the context that a called service works under. */
import type { Random } from "./random.ts";

/** The context under which the called service records its SERVER span. Times are never part of it. */
export interface Entry {
  readonly traceId: string;
  /** "" for a root. */
  readonly parentId: string;
  readonly sampled: boolean;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** An earlier request on the same edge. */
export interface EarlierEntry {
  readonly entry: Entry;
  readonly endMs: number;
}

export interface CutScene {
  readonly startMs: number;
  readonly earlier: readonly EarlierEntry[];
  readonly random: Random;
}

/** Undefined where this one request cannot carry the break. */
export type Cut = (entry: Entry, scene: CutScene) => Entry | undefined;

/** A service that begins a trace anew decides anew whether to record it: here it always does. */
export const dropped: Cut = (_, { random }) => ({
  traceId: random.traceId(),
  parentId: "",
  sampled: true,
  links: [],
});

export const restarted: Cut = (entry, scene) => {
  const { traceId, parentId } = entry;
  return { ...(dropped(entry, scene) as Entry), links: [{ traceId, spanId: parentId }] };
};

export const ghostParent: Cut = (entry, { random }) => ({ ...entry, parentId: random.spanId() });

export const truncated: Cut = (entry) => ({ ...entry, traceId: entry.traceId.slice(16).padStart(32, "0") });

/** Nothing is recorded from here on, though the caller asked for it. */
export const sampledOut: Cut = (entry) => ({ ...entry, sampled: false });

/** Work begins under a context that belonged to a request which is long over. */
const LEAK_AFTER_MS = 8_000;

export const leaked: Cut = (_, { startMs, earlier }) =>
  earlier.findLast(({ endMs }) => endMs < startMs - LEAK_AFTER_MS)?.entry;
