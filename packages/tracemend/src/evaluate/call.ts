/** The calls of a recording: where a span of one service was made by a span of another. */
import type { Holds, Kind, RecordedSpan, RecordedTrace, Recording } from "./recording.ts";

/** One call: the caller's span and the callee's, by their places in the trace. */
export interface Call {
  readonly caller: number;
  readonly callee: number;
}

/** A trace made ready: every span's kind is known, and which spans are calls of which edge. */
export interface ReadyTrace {
  readonly startMs: number;
  readonly spans: readonly RecordedSpan[];
  readonly kinds: readonly Kind[];
  /** By callee: the edge it was called over. */
  readonly calls: ReadonlyMap<number, EdgeCall>;
  /** By CLIENT span: the service it calls. */
  readonly targets: ReadonlyMap<number, string>;
}

export interface EdgeCall extends Call {
  readonly edge: Edge;
}

/** From one service to another, as one boundary between them would see it. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** `from→to`; unique in its recording. */
  readonly name: string;
  /** Requests in the recording. */
  requests: number;
  /** Of these, made by a CLIENT span: its times are those of the request. Else the caller's own span stands in. */
  clients: number;
  /** Several requests share one connection. */
  readonly multiplexed: boolean;
}

export interface ReadyRecording {
  readonly name: string;
  readonly holds: Holds;
  readonly traces: readonly ReadyTrace[];
  readonly edges: readonly Edge[];
  /** Calls between services that no boundary could see, by reason. */
  readonly notSeen: ReadonlyMap<string, number>;
}

export function readyRecording(recording: Recording): ReadyRecording {
  const edges = new Map<string, Edge>();
  const notSeen = new Map<string, number>();
  const traces = recording.traces.map((trace) => readyTrace(trace, edges, notSeen));
  const { name, holds } = recording;
  return { name, holds, traces, edges: [...edges.values()].sort((a, b) => b.requests - a.requests), notSeen };
}

function readyTrace(trace: RecordedTrace, edges: Map<string, Edge>, notSeen: Map<string, number>): ReadyTrace {
  const { spans } = trace;
  const kinds = kindsOf(spans);
  const calls = new Map<number, EdgeCall>();
  const targets = new Map<number, string>();
  const taken = new Set<string>();
  for (const [callee, span] of spans.entries()) {
    const caller = spans[span.parent];
    if (caller === undefined || caller.service === span.service) continue;
    const name = `${caller.service}→${span.service}`;
    // The caller's span tells when its request was made only where it made one to this service.
    const once = `${span.parent} ${span.service}`;
    const why = whyNotSeen(kinds[callee] as Kind, taken.has(once));
    if (why !== undefined) {
      const key = `${name}: ${why}`;
      notSeen.set(key, (notSeen.get(key) ?? 0) + 1);
      continue;
    }
    taken.add(once);
    const edge = edges.get(name) ?? createEdge(name, caller.service, span);
    edges.set(name, edge);
    edge.requests += 1;
    if (kinds[span.parent] === "client") {
      edge.clients += 1;
      targets.set(span.parent, span.service);
    }
    calls.set(callee, { caller: span.parent, callee, edge });
  }
  return { startMs: trace.startMs, spans, kinds, calls, targets };
}

function whyNotSeen(kind: Kind, again: boolean): string | undefined {
  if (kind === "consumer") return "over a queue";
  if (kind !== "server") return "not entered by a SERVER span";
  return again ? "several by one span of the caller" : undefined;
}

function createEdge(name: string, from: string, { service, name: operation }: RecordedSpan): Edge {
  return { from, to: service, name, requests: 0, clients: 0, multiplexed: isGrpc(operation) };
}

/** `/package.Service/Method`, with the slash or without. */
export function isGrpc(operation: string): boolean {
  return /^\/?(grpc\.)?[A-Za-z]\w*\.[A-Z]\w*\/[A-Z]\w*$/.test(operation);
}

/** Where a recording has no kinds: what another service began is a SERVER span, what it was begun by a CLIENT span. */
function kindsOf(spans: readonly RecordedSpan[]): readonly Kind[] {
  const kinds: (Kind | undefined)[] = spans.map(({ kind }) => kind);
  for (const [at, span] of spans.entries()) {
    if (kinds[at] !== undefined) continue;
    const parent = spans[span.parent];
    if (span.name.endsWith(" process")) kinds[at] = "consumer";
    else if (parent === undefined || parent.service !== span.service) kinds[at] = "server";
  }
  const remote = new Map<number, number>();
  for (const span of spans) {
    const parent = spans[span.parent];
    if (parent !== undefined && parent.service !== span.service)
      remote.set(span.parent, (remote.get(span.parent) ?? 0) + 1);
  }
  return kinds.map((kind, at) => kind ?? (remote.get(at) === 1 ? "client" : "internal"));
}
