/** How well second traces are joined with their requests by time alone: one edge at a load, beside rules that are simpler. */
import type { Pair } from "@tracemend/diagnosis";
import type { BreakClass } from "./break-class.ts";
import type { Edge, ReadyRecording } from "./call.ts";
import { dropped, sampledOut } from "./cut.ts";
import { detect } from "./detector.ts";
import { matchLatest, matchRandom } from "./simple-matchers.ts";
import type { Guess } from "./simple-matchers.ts";
import type { Selection } from "./plan.ts";
import { createRandom, seedOf } from "./random.ts";
import type { Holds } from "./recording.ts";
import type { Ratio } from "./score.ts";
import { stage } from "./stimulus.ts";
import type { Staged } from "./stimulus.ts";

/** Requests in all, and those that come before the service begins to drop: what the detector may learn from. */
const REQUESTS = 1_500;
const WHOLE = 450;

/** Of the dropped ones, those that the service does not record either; as many roots come in that no request explains. */
const UNRECORDED = 0.2;

export interface AssociationLoad {
  /** Requests in flight at once that are aimed at; a recording that is busier stays as it is. */
  readonly inFlight: number;
  /** Whether the clocks of hosts differ, by up to 50 ms; else they are as recorded. */
  readonly clocksOff: boolean;
}

const ASSOCIATION_LOADS: readonly AssociationLoad[] = [
  { inFlight: 1, clocksOff: false },
  { inFlight: 5, clocksOff: false },
  { inFlight: 20, clocksOff: false },
  { inFlight: 5, clocksOff: true },
];

/** A part of them is enough for a quick look. */
export function loadsOf({ scale, inFlight }: Selection): readonly AssociationLoad[] {
  if (inFlight.length > 0) return inFlight.map((requests) => ({ inFlight: requests, clocksOff: false }));
  return scale === "quick" ? ASSOCIATION_LOADS.slice(0, 2) : ASSOCIATION_LOADS;
}

const OFF_MS = 50;

const DROPPED: BreakClass = {
  code: "B2",
  name: "dropped by callee, to be joined",
  accepts: ["dropped-by-callee"],
  wanted: true,
  shown: "times",
  cut: (entry, scene) => (scene.random.chance(UNRECORDED) ? sampledOut(entry, scene) : dropped(entry, scene)),
  beginsAfter: WHOLE,
};

export interface Association {
  readonly recording: string;
  readonly holds: Holds;
  readonly edge: string;
  readonly load: AssociationLoad;
  readonly requestsPerSecond: number;
  /** Requests that one span of the edge could belong to by time alone, on average. */
  readonly candidates: number;
  /** Requests that ended up in a second trace that was recorded. */
  readonly torn: number;
  /** By the confidence that was claimed: right ones, of those told. Nothing is told below 0.9. */
  readonly told: readonly Told[];
  /** Of the simpler rules: right ones, of those they join. */
  readonly latest: Ratio;
  readonly random: Ratio;
}

export interface Told {
  readonly confidence: number;
  readonly right: boolean;
}

export async function measureAssociation(
  recording: ReadyRecording,
  edge: Edge,
  load: AssociationLoad,
  seed: number,
): Promise<Association> {
  const requestsPerSecond = load.inFlight / (meanMs(recording, edge) / 1_000);
  const plan = { recording, edge, breakClass: DROPPED, share: 1, requests: REQUESTS, requestsPerSecond, seed };
  const staged = stage(plan, { entriesElsewhere: UNRECORDED, clockMs: clockOf(load, seed) });
  const { truth, stimulus, candidates } = staged;
  const told: Told[] = [];
  await detect(stimulus, {
    paired: (pair) => {
      if (pair.by === "time" && isOfEdge(pair, staged))
        told.push({ confidence: pair.confidence, right: isRight(pair, staged) });
    },
    seed: seedOf(seed, "hash"),
    readEveryMs: Infinity,
    read: () => undefined,
  });
  return {
    recording: recording.name,
    holds: recording.holds,
    edge: edge.name,
    load,
    requestsPerSecond,
    candidates,
    torn: [...truth.cuts.values()].filter(({ spanId }) => spanId !== undefined).length,
    told,
    latest: rightOf(matchLatest(staged), staged),
    random: rightOf(matchRandom(staged, createRandom(seedOf(seed, "guess"))), staged),
  };
}

function clockOf({ clocksOff }: AssociationLoad, seed: number): (instance: string) => number {
  return (instance) => (clocksOff ? createRandom(seedOf(seed, instance)).between(-OFF_MS, OFF_MS) : 0);
}

function meanMs({ traces }: ReadyRecording, edge: Edge): number {
  let sum = 0;
  for (const { calls, spans } of traces) {
    for (const call of calls.values()) {
      const caller = spans[call.caller];
      if (call.edge === edge && caller !== undefined) sum += caller.endMs - caller.startMs;
    }
  }
  return Math.max(0.1, sum / edge.requests);
}

/** Pairs at other edges are of entries that no edge explains. */
function isOfEdge({ forwarded }: Pair, { forwards }: Staged): boolean {
  return forwards.has(forwarded.spanId);
}

function isRight({ forwarded, root }: Pair, { truth }: Staged): boolean {
  const cut = truth.cuts.get(forwarded.spanId);
  return cut !== undefined && cut.spanId === root.spanId;
}

function rightOf(guesses: readonly Guess[], { truth }: Staged): Ratio {
  const right = guesses.filter(({ forwarded, root }) => truth.cuts.get(forwarded)?.spanId === root);
  return { hits: right.length, of: guesses.length };
}
