/** What reaches the program in one trial, in the order of its clock: all the detector ever sees. */
import type { Crossing } from "@tracemend/context";
import { SAMPLED } from "@tracemend/context";
import type { SpanRecord } from "@tracemend/otlp";
import type { Instance } from "./background.ts";
import { backgroundOf } from "./background.ts";
import type { BreakClass } from "./break-class.ts";
import type { Edge, ReadyRecording } from "./call.ts";
import { startsCompressed } from "./compression.ts";
import { assignConnections } from "./connections.ts";
import type { Delivery } from "./exporter.ts";
import { exportAll } from "./exporter.ts";
import type { Random } from "./random.ts";
import { createRandom, seedOf } from "./random.ts";
import type { ClientCall, PassedCall, Reached } from "./replay.ts";
import { EPOCH_MS, createReplay } from "./replay.ts";
import type { Turned } from "./superposition.ts";
import { startsInTurn, startsOf } from "./superposition.ts";
import type { Truth } from "./truth.ts";
import { createTruth } from "./truth.ts";
import type { World } from "./world.ts";
import { createWorld } from "./world.ts";

export interface TrialPlan {
  readonly recording: ReadyRecording;
  readonly edge: Edge;
  readonly breakClass: BreakClass;
  readonly share: number;
  /** Requests on the edge. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly seed: number;
}

export type StimulusEvent =
  | { readonly atMs: number; readonly kind: "crossing"; readonly crossing: Crossing }
  | { readonly atMs: number; readonly kind: "own-spans"; readonly records: readonly SpanRecord[] }
  | (Delivery & { readonly kind: "delivery" });

export interface Stimulus {
  readonly startMs: number;
  readonly untilMs: number;
  readonly events: readonly StimulusEvent[];
}

/** After the last request: the longest wait, the latest batch, and a little. */
export const DRAIN_MS = 75_000;

/** A faulty clock is off by this, one way or the other. */
const FAULTY_CLOCK_MS = 250;

export interface Staged {
  readonly stimulus: Stimulus;
  readonly truth: Truth;
  /** Services of which spans were lost, meant or not. */
  readonly lossy: ReadonlySet<string>;
  /** Requests on the edge that a called span could belong to by time alone, on average. */
  readonly candidates: number;
  /** Ids of the spans that were forwarded, sampled, over the edge. */
  readonly forwards: ReadonlySet<string>;
}

/** `mixed`: what is mixed in otherwise than into every stream. */
export function stage(plan: TrialPlan, mixed: Partial<World> = {}): Staged {
  const { recording, edge, breakClass, share } = plan;
  const random = createRandom(seedOf(plan.seed, recording.name, edge.name, breakClass.name, share));
  const truth = createTruth(breakClass, edge.name, edge.from, edge.to);
  const world = { ...worldOf(createWorld(random), plan), ...mixed };
  const { starts, turnMs } = turnedStarts(plan, random);
  const replay = createReplay({ edge, breakClass, share, brokenFromMs: EPOCH_MS + turnMs, world, random }, truth);
  for (const start of starts) replay.add(start);

  const { emissions } = replay.replayed;
  const passed = assignConnections(replay.replayed.passed, breakClass.shown, random);
  const lastMs = passed.reduce((last, { crossing }) => Math.max(last, crossing.endMs), EPOCH_MS);
  const untilMs = lastMs + DRAIN_MS;
  emissions.push(...backgroundOf(instancesOf(recording), EPOCH_MS, untilMs, world, random));
  const fault = breakClass.stream === undefined ? {} : { fault: { service: edge.to, kind: breakClass.stream, share } };
  const { deliveries, lossy, faults } = exportAll(emissions, { world, random, ...fault });
  if (breakClass.stream !== undefined && breakClass.stream !== "other-backend") {
    truth.broken = breakClass.stream === "clock" ? truth.requests : faults;
    truth.firstBrokenMs = EPOCH_MS;
  }
  noteEdges(truth, passed, replay.replayed.clientCalls);
  return {
    stimulus: { startMs: EPOCH_MS, untilMs, events: eventsOf(passed, deliveries) },
    truth,
    lossy,
    candidates: candidatesOf(passed, edge),
    forwards: forwardsOf(passed, edge),
  };
}

function turnedStarts({ recording, edge, breakClass, ...plan }: TrialPlan, random: Random): Turned {
  const load = { ...plan, thinned: breakClass.slow === true };
  const { beginsAfter } = breakClass;
  if (recording.holds === "pairs") return startsCompressed(recording, plan.requestsPerSecond);
  if (beginsAfter === undefined) return { starts: startsOf(recording, edge, load, random), turnMs: 0 };
  return startsInTurn(recording, edge, load, beginsAfter, random);
}

function forwardsOf(passed: readonly PassedCall[], edge: Edge): ReadonlySet<string> {
  const forwards = new Set<string>();
  for (const { crossing, edge: over } of passed) {
    const { context } = crossing.verdict;
    if (over === edge && context !== undefined && (context.flags & SAMPLED) !== 0) forwards.add(context.parentId);
  }
  return forwards;
}

function worldOf(world: World, { breakClass, edge, recording, share }: TrialPlan): World {
  if (breakClass.stream !== "clock" || share === 0) return world;
  const theirs = new Set(
    instancesOf(recording).flatMap(({ service, instance }) => (service === edge.to ? [instance] : [])),
  );
  return { ...world, clockMs: (name) => world.clockMs(name) + (theirs.has(name) ? FAULTY_CLOCK_MS : 0) };
}

function instancesOf(recording: ReadyRecording): readonly Instance[] {
  const instances = new Map<string, Instance>();
  for (const { spans } of recording.traces) {
    for (const { service, instance } of spans)
      if (!instances.has(instance)) instances.set(instance, { service, instance });
  }
  return [...instances.values()];
}

function eventsOf(passed: readonly PassedCall[], deliveries: readonly Delivery[]): readonly StimulusEvent[] {
  const events: StimulusEvent[] = deliveries.map((delivery) => ({ kind: "delivery", ...delivery }));
  for (const { crossing, ownSpans } of passed) {
    events.push({ kind: "crossing", atMs: crossing.endMs, crossing });
    if (ownSpans.length > 0) events.push({ kind: "own-spans", atMs: crossing.endMs, records: ownSpans });
  }
  return events.sort((a, b) => a.atMs - b.atMs);
}

/** Clocks that are kept agree to this. */
const AGREE_MS = 5;

function noteEdges(truth: Truth, passed: readonly PassedCall[], clientCalls: readonly ClientCall[]): void {
  const note = (name: string, service: string, startMs: number, endMs: number, reached: Reached | undefined): void => {
    const known = truth.edges.get(name) ?? { service, requests: 0, outside: 0 };
    truth.edges.set(name, known);
    known.requests += 1;
    if (reached === undefined) return;
    const overMs = reached.endMs - endMs;
    const isLate = reached.startMs > endMs + AGREE_MS || (overMs > AGREE_MS && reached.startMs - startMs >= overMs);
    if (isLate || reached.startMs < startMs - AGREE_MS) known.outside += 1;
  };
  for (const { crossing, edge, callee } of passed) {
    note(crossing.boundary, edge?.to ?? "", crossing.startMs, crossing.endMs, callee?.record);
  }
  for (const { edge, service, startMs, endMs, reached } of clientCalls) note(edge, service, startMs, endMs, reached);
}

/** For how many requests of the edge the span of another one would fit: it starts and ends within them. */
function candidatesOf(passed: readonly PassedCall[], edge: Edge): number {
  const ours = passed.filter((call) => call.edge === edge).sort((a, b) => a.crossing.startMs - b.crossing.startMs);
  let open: PassedCall[] = [];
  let sum = 0;
  let spans = 0;
  for (const call of ours) {
    if (call.callee === undefined) continue;
    const endMs = call.callee.endMs;
    open = open.filter(({ crossing }) => crossing.endMs >= call.crossing.startMs);
    open.push(call);
    spans += 1;
    sum += open.filter(({ crossing }) => crossing.endMs >= endMs).length;
  }
  return spans === 0 ? 0 : sum / spans;
}
