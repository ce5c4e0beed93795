/** Load by superposition: shifted copies of a recording over each other, as long as requests are wanted. */
import type { Edge, ReadyRecording, ReadyTrace } from "./call.ts";
import type { Random } from "./random.ts";

export interface Start {
  readonly trace: ReadyTrace;
  readonly atMs: number;
}

/** A stream in two parts: the second begins at `turnMs`. */
export interface Turned {
  readonly starts: readonly Start[];
  readonly turnMs: number;
}

export interface Load {
  /** Requests on the edge in all. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Whether traces are left out where the recording alone is busier than that. */
  readonly thinned: boolean;
}

/** A recording that was made in pieces has gaps between them: longer ones are shortened to this. */
const LONGEST_GAP_MS = 2_000;

/** How often the first half is gone through at most: a few requests over and over teach what no real load does. */
const MOST_LAPS = 4;

/** Traces that do not use the edge, by those that do: enough for the other edges to be busy. */
const OTHERS_SHARE = 0.25;

/**
 * Up to `before` requests of the first half of a recording, then as many as are left of the second: no request that comes
 * after the turn was seen before it.
 */
export function startsInTurn(
  recording: ReadyRecording,
  edge: Edge,
  load: Load,
  before: number,
  random: Random,
): Turned {
  const halfAt = halfOf(recording, edge);
  const part = (traces: readonly ReadyTrace[], requests: number): readonly Start[] =>
    startsOf({ ...recording, traces }, edge, { ...load, requests }, random);
  const first = part(recording.traces.slice(0, halfAt), Math.min(before, (MOST_LAPS * edge.requests) / 2));
  const turnMs = (first.at(-1)?.atMs ?? 0) + 1_000 / load.requestsPerSecond;
  const second = part(recording.traces.slice(halfAt), load.requests - before);
  return { starts: [...first, ...second.map(({ trace, atMs }) => ({ trace, atMs: atMs + turnMs }))], turnMs };
}

/** The trace from which on the second half of an edge's requests were recorded. */
function halfOf({ traces }: ReadyRecording, edge: Edge): number {
  let seen = 0;
  return 1 + traces.findIndex((trace) => (seen += callsOver(trace, edge)) * 2 >= edge.requests);
}

/**
 * The starts of traces that together make the load on one edge, from time 0 on. Each copy is the whole recording, shifted
 * in a circle: distances between the traces of one copy stay as they were recorded.
 */
export function startsOf(recording: ReadyRecording, edge: Edge, load: Load, random: Random): readonly Start[] {
  const { times, lengthMs } = closeGaps(recording.traces);
  const uses = recording.traces.map((trace) => callsOver(trace, edge));
  const users = uses.filter((count) => count > 0).length;
  const keepOthers = Math.min(1, (OTHERS_SHARE * users) / Math.max(1, recording.traces.length - users));
  const perSecond = uses.reduce((sum, count) => sum + count, 0) / (lengthMs / 1000);
  const wanted = load.requestsPerSecond / perSecond;
  const copies = Math.max(1, Math.round(wanted));
  const keep = load.thinned ? Math.min(1, wanted) : 1;
  const shifts = Array.from({ length: copies }, () => random.next() * lengthMs);
  const starts: Start[] = [];
  let requests = 0;
  for (let lap = 0; requests < load.requests; lap += 1) {
    const round: { readonly at: number; readonly atMs: number }[] = [];
    for (const shift of shifts) {
      for (const [at, time] of times.entries()) {
        if (keep < 1 && !random.chance(keep)) continue;
        if ((uses[at] as number) > 0 || random.chance(keepOthers)) {
          round.push({ at, atMs: lap * lengthMs + ((time + shift) % lengthMs) });
        }
      }
    }
    for (const { at, atMs } of round.sort((a, b) => a.atMs - b.atMs)) {
      if (requests >= load.requests) break;
      starts.push({ trace: recording.traces[at] as ReadyTrace, atMs });
      requests += uses[at] as number;
    }
  }
  const firstMs = starts[0]?.atMs ?? 0;
  return starts.map(({ trace, atMs }) => ({ trace, atMs: atMs - firstMs }));
}

function callsOver(trace: ReadyTrace, edge: Edge): number {
  let count = 0;
  for (const call of trace.calls.values()) if (call.edge === edge) count += 1;
  return count;
}

/** When the traces of a recording start, from 0 on, and how long that is in all. */
export function closeGaps(traces: readonly ReadyTrace[]): {
  readonly times: readonly number[];
  readonly lengthMs: number;
} {
  let atMs = 0;
  let before = traces[0]?.startMs ?? 0;
  const times = traces.map(({ startMs }) => {
    atMs += Math.min(LONGEST_GAP_MS, startMs - before);
    before = startMs;
    return atMs;
  });
  return { times, lengthMs: atMs + LONGEST_GAP_MS / 10 };
}
