/** Recorded traces once more, with new ids, through boundaries: the contexts are passed on, the times stay. */
import type { Boundary, Crossing, TraceContext } from "@tracemend/context";
import { SAMPLED, formatTraceparent } from "@tracemend/context";
import type { SpanRecord } from "@tracemend/otlp";
import type { Passed, Request } from "./border.ts";
import { abroadBoundary, homeBoundary, pass, passAbroad } from "./border.ts";
import type { BreakClass } from "./break-class.ts";
import type { Edge, EdgeCall, ReadyTrace } from "./call.ts";
import type { EarlierEntry, Entry } from "./cut.ts";
import type { Emission } from "./emission.ts";
import { emissionOf } from "./emission.ts";
import type { Random } from "./random.ts";
import type { Start } from "./superposition.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

/** All streams begin at this time, in epoch milliseconds. */
export const EPOCH_MS = 1_700_000_000_000;

/** A border takes a moment on each side. */
const BORDER_MS = 0.1;

export interface Plan {
  readonly edge: Edge;
  readonly breakClass: BreakClass;
  /** Of the requests on the edge. */
  readonly share: number;
  /** Requests of traces that begin earlier stay whole. */
  readonly brokenFromMs: number;
  readonly world: World;
  readonly random: Random;
}

export interface Replayed {
  readonly emissions: Emission[];
  readonly passed: PassedCall[];
  readonly clientCalls: ClientCall[];
}

/** A call as the CLIENT span of the caller tells it, and the span that it reached, each by its own clock. */
export interface ClientCall {
  readonly edge: string;
  readonly service: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly reached: Reached;
}

export interface Reached {
  readonly startMs: number;
  readonly endMs: number;
}

export interface PassedCall {
  readonly edge: Edge | undefined;
  readonly crossing: Passed["crossing"];
  readonly ownSpans: readonly SpanRecord[];
  /** The span of the first border that the caller reached; undefined where it recorded none. */
  readonly reached: Reached | undefined;
  /** The SERVER span that it was answered with; undefined where none was recorded. */
  callee: Emission | undefined;
  /** Whether the called service sees another hop's connection. */
  readonly foreignPeer: boolean;
}

interface Context {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
  readonly elsewhere: boolean;
}

export interface Replay {
  add(start: Start): void;
  readonly replayed: Replayed;
}

export function createReplay(plan: Plan, truth: Truth): Replay {
  const { edge: cutEdge, breakClass, share, brokenFromMs, world, random } = plan;
  const { shown, cut, hop, addition } = breakClass;
  const emissions: Emission[] = [];
  const passed: PassedCall[] = [];
  const clientCalls: ClientCall[] = [];
  const earlier: EarlierEntry[] = [];
  const homes = new Map<Edge, Boundary>();
  const abroad = hop === undefined ? undefined : abroadBoundary(cutEdge);

  const homeOf = (edge: Edge): Boundary => {
    const known = homes.get(edge) ?? homeBoundary(edge);
    homes.set(edge, known);
    return known;
  };

  /** The spans from `first` down, entered with `entry`; `originMs` is where the trace's start lies. */
  const walk = (
    trace: ReadyTrace,
    first: number,
    originMs: number,
    entry: Entry,
    elsewhere: boolean,
  ): Emission | undefined => {
    const contexts: (Context | undefined)[] = [];
    const emitted: (Emission | undefined)[] = [];
    let entered: Emission | undefined;
    for (let at = first; at < trace.spans.length; at += 1) {
      const span = trace.spans[at] as ReadyTrace["spans"][number];
      const caller = at === first ? undefined : contexts[span.parent];
      if (at !== first && caller === undefined) continue;
      const call = at === first ? undefined : trace.calls.get(at);
      let own = entry;
      let lost = elsewhere;
      let through: PassedCall | undefined;
      if (caller !== undefined) {
        const { traceId, spanId: parentId, sampled } = caller;
        own = { traceId, parentId, sampled, links: [] };
        lost = caller.elsewhere && trace.spans[span.parent]?.service === span.service;
        if (call !== undefined) {
          ({ entry: own, elsewhere: lost, through } = enter(trace, call, originMs, own));
          noteClientCall(emitted[span.parent], "tracemend", through?.reached);
        }
      }
      const spanId = random.spanId();
      contexts[at] = { traceId: own.traceId, spanId, sampled: own.sampled, elsewhere: lost };
      if (!own.sampled) continue;
      const remote = call !== undefined || at === first;
      const emission = emissionOf({ trace, at, originMs, entry: own, spanId, remote, elsewhere: lost }, world);
      emissions.push(emission);
      emitted[at] = emission;
      if (at === first) entered = emission;
      if (call !== undefined && through === undefined) {
        noteClientCall(emitted[span.parent], span.service, emission.record);
      }
      if (through === undefined) continue;
      through.callee = emission;
      const cutHere = truth.cuts.get(through.crossing.verdict.context?.parentId ?? "");
      if (cutHere !== undefined) cutHere.spanId = spanId;
    }
    return entered;
  };

  /** One request over its boundary: what the called service works under, broken where it is to be. */
  const enter = (
    trace: ReadyTrace,
    call: EdgeCall,
    originMs: number,
    made: Entry,
  ): { entry: Entry; elsewhere: boolean; through: PassedCall | undefined } => {
    const { edge } = call;
    const isCut = edge === cutEdge;
    const begun = originMs >= brokenFromMs;
    const broken =
      isCut && begun && (breakClass.unsampled === true ? share > 0 && !made.sampled : random.chance(share));
    const request = requestOf(trace, call, originMs, made, isCut);
    if (addition !== undefined && isCut) addEntries(trace, call, originMs, addition, broken);
    mixIn(trace, call, originMs);
    if (isCut) truth.requests += 1;
    if (isCut && breakClass.unseen === true) {
      const entry = broken ? (cut?.(made, { startMs: request.startMs, earlier, random }) ?? made) : made;
      if (entry !== made) noteBroken(request.startMs);
      return { entry, elsewhere: false, through: undefined };
    }
    const through = passBorders(edge, request, isCut, broken);
    const { context } = through.crossing.verdict;
    let entry: Entry =
      context === undefined
        ? { ...made, traceId: random.traceId(), parentId: "" }
        : { traceId: context.traceId, parentId: context.parentId, sampled: (context.flags & SAMPLED) !== 0, links: [] };
    const forwarded = entry;
    if (broken && breakClass.unsampled === true && !entry.sampled) {
      entry = { ...entry, sampled: true };
      noteBroken(request.startMs);
    }
    const cutEntry = broken ? cut?.(entry, { startMs: request.startMs, earlier, random }) : undefined;
    entry = cutEntry ?? entry;
    // A request that left unsampled is owed no span: whatever comes of it is no break that could be told.
    if (cutEntry !== undefined && forwarded.sampled) {
      noteBroken(request.startMs);
      truth.cuts.set(forwarded.parentId, {
        forwardedTraceId: forwarded.traceId,
        traceId: entry.traceId,
        spanId: undefined,
      });
    }
    if (isCut && forwarded.sampled) earlier.push({ entry: forwarded, endMs: request.endMs });
    const elsewhere = broken && breakClass.stream === "other-backend";
    if (elsewhere) noteBroken(request.startMs);
    return { entry, elsewhere, through };
  };

  const noteClientCall = (caller: Emission | undefined, service: string, reached: Reached | undefined): void => {
    if (caller?.record.kind !== "client" || reached === undefined) return;
    const { startMs, endMs } = caller.record;
    clientCalls.push({ edge: `${caller.service}→${service}`, service, startMs, endMs, reached });
  };

  const noteBroken = (atMs: number): void => {
    truth.broken += 1;
    truth.firstBrokenMs = Math.min(truth.firstBrokenMs, atMs);
  };

  const requestOf = (trace: ReadyTrace, call: EdgeCall, originMs: number, made: Entry, isCut: boolean): Request => {
    const shiftMs = originMs - trace.startMs;
    const { startMs, endMs, instance } = trace.spans[call.caller] as ReadyTrace["spans"][number];
    const more = (breakClass.callerFlags ?? 0) & ~SAMPLED;
    const flags = (made.sampled ? SAMPLED : 0) | (isCut ? more : 0);
    const { traceId, parentId } = made;
    return {
      lines: ["traceparent", formatTraceparent({ traceId, parentId, flags, tracestate: "" })],
      operation: (trace.spans[call.callee] as ReadyTrace["spans"][number]).name,
      startMs: startMs + shiftMs,
      endMs: endMs + shiftMs,
      requestId: shown === "request-ids" && isCut ? random.traceId() : undefined,
      from: addressOf(instance),
    };
  };

  const passBorders = (edge: Edge, request: Request, isCut: boolean, broken: boolean): PassedCall => {
    let { lines, startMs, endMs } = request;
    let lost: TraceContext | undefined;
    let reached: Reached | undefined;
    if (isCut && abroad !== undefined) {
      const before = passAbroad(abroad, request, broken ? hop : undefined, random);
      passed.push({ ...before, edge: undefined, callee: undefined, reached: undefined, foreignPeer: false });
      reached = before.ownSpans[0];
      lines = before.lines;
      lost = before.verdict.context;
      startMs += BORDER_MS;
      endMs = Math.max(startMs, endMs - BORDER_MS);
      if (broken) noteBroken(request.startMs);
    }
    const from = isCut && abroad !== undefined ? "10.9.0.1" : request.from;
    const through = pass(homeOf(edge), edge.to, { ...request, lines, startMs, endMs, from }, random);
    if (through.verdict.action === "repair") {
      truth.restored += 1;
      if (through.verdict.context?.traceId !== lost?.traceId) truth.restoredWrong += 1;
    }
    const { from: continued } = through.verdict;
    if (lost !== undefined && continued?.traceId === lost.traceId && continued.parentId !== lost.parentId) {
      const { traceId } = lost;
      truth.cuts.set(lost.parentId, { forwardedTraceId: traceId, traceId, spanId: through.ownSpans[0]?.spanId });
    }
    reached ??= through.ownSpans[0];
    const call = {
      ...through,
      edge,
      callee: undefined,
      reached,
      foreignPeer: isCut && breakClass.foreignPeer === true,
    };
    passed.push(call);
    return call;
  };

  const rootEntry = (sampled: boolean): Entry => ({ traceId: random.traceId(), parentId: "", sampled, links: [] });

  const enterElsewhere = (trace: ReadyTrace, call: EdgeCall, originMs: number, linked: boolean): void => {
    const entry = rootEntry(true);
    const links = linked ? [{ traceId: random.traceId(), spanId: random.spanId() }] : [];
    walk(trace, call.callee, originMs + random.between(0, 1_000), { ...entry, links }, false);
  };

  const enterWithoutContext = (trace: ReadyTrace, call: EdgeCall, originMs: number): void => {
    const atMs = originMs + random.between(0, 1_000);
    const request = requestOf(trace, call, atMs, rootEntry(true), false);
    const from = `203.0.113.${random.below(256)}`;
    const through = pass(homeOf(call.edge), call.edge.to, { ...request, lines: [], from }, random);
    const { context } = through.verdict;
    if (context === undefined) return;
    const foreignPeer = call.edge === cutEdge && breakClass.foreignPeer === true;
    const entry = { traceId: context.traceId, parentId: context.parentId, sampled: true, links: [] };
    const callee = walk(trace, call.callee, atMs, entry, false);
    passed.push({ ...through, edge: call.edge, callee, reached: undefined, foreignPeer });
  };

  const addEntries = (trace: ReadyTrace, call: EdgeCall, originMs: number, what: string, now: boolean): void => {
    if (!now) return;
    noteBroken(originMs);
    if (what === "entries-without-context") enterWithoutContext(trace, call, originMs);
    else enterElsewhere(trace, call, originMs, what === "linked-elsewhere");
  };

  /** What comes in beside every request, whatever is tested. It adds nothing beside itself. */
  let mixing = false;
  const mixIn = (trace: ReadyTrace, call: EdgeCall, originMs: number): void => {
    if (mixing) return;
    mixing = true;
    if (random.chance(world.entriesElsewhere)) {
      enterElsewhere(trace, call, originMs, random.chance(world.linkedElsewhere / world.entriesElsewhere));
    }
    if (random.chance(world.entriesWithoutContext)) enterWithoutContext(trace, call, originMs);
    mixing = false;
  };

  return {
    replayed: { emissions, passed, clientCalls },
    add({ trace, atMs }) {
      const usesCut = [...trace.calls.values()].some(({ edge }) => edge === cutEdge);
      const unsampled =
        random.chance(world.unsampledShare) ||
        (usesCut && breakClass.callerFlags === 0) ||
        (usesCut && breakClass.unsampled === true && random.chance(share));
      for (const [at, { parent }] of trace.spans.entries()) {
        if (parent < 0) walk(trace, at, EPOCH_MS + atMs, rootEntry(!unsampled), false);
      }
    },
  };
}

/** Callers keep one address each, all within the cluster. */
function addressOf(instance: string): Crossing["authority"] {
  let hash = 0;
  for (let at = 0; at < instance.length; at += 1) hash = (hash * 31 + instance.charCodeAt(at)) >>> 0;
  return `10.0.${(hash >> 8) & 0xff}.${hash & 0xff}`;
}
