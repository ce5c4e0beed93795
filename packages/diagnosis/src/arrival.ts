/** One edge before a boundary: what came from one neighbour, and the signs of breaks it showed. */
import type { Crossing, RepairName } from "@tracemend/context";
import type { BreakExample, BreakKind } from "./break.ts";
import { keepExample } from "./examples.ts";
import type { Fact, Sign } from "./sign.ts";
import type { Tally } from "./tally.ts";
import { createTally, tallyBytes } from "./tally.ts";

export const CAME = 0;
const COUNTERS = 1;

/** Counters of the signs of one kind, by what happened to the request. */
export const OPEN = 0;
export const REPORTED = 1;
export const REPAIRED = 2;
const SIGN_COUNTERS = 3;

/** What an edge before us takes, and each fact that it showed, roughly. */
export const ARRIVAL_BYTES: number = 512 + tallyBytes(COUNTERS);
export const FACT_BYTES: number = 512 + tallyBytes(SIGN_COUNTERS);

const MAX_PEERS = 4;

export interface Signs {
  readonly kind: BreakKind;
  /** Each fact's requests, by what happened to them. */
  readonly facts: Map<Fact, Tally>;
  /** The newest detail of each fact that has one. */
  readonly details: Map<Fact, string>;
  readonly examples: BreakExample[];
  firstMs: number;
  lastMs: number;
}

export interface Arrival {
  readonly id: number;
  readonly boundary: string;
  readonly cluster: string;
  /** The neighbour: a cluster whose border wrote into the request, else the address it came from. */
  readonly from: string;
  /** Whether `from` is a cluster. */
  readonly known: boolean;
  readonly tally: Tally;
  readonly signs: Map<BreakKind, Signs>;
  /** A few addresses it came from: who stands right before us. */
  readonly peers: string[];
}

export function createArrival(
  id: number,
  boundary: string,
  cluster: string,
  from: string,
  known: boolean,
  windowMs: number,
): Arrival {
  return { id, boundary, cluster, from, known, tally: createTally(COUNTERS, windowMs), signs: new Map(), peers: [] };
}

export function noteArrivalOf(arrival: Arrival, crossing: Crossing, atMs: number): void {
  arrival.tally.add(CAME, atMs, 1);
  const { downstream } = crossing;
  if (downstream === undefined || arrival.peers.length >= MAX_PEERS) return;
  if (!arrival.peers.includes(downstream.address)) arrival.peers.push(downstream.address);
}

export interface Sighting {
  readonly sign: Sign;
  /** `OPEN`, `REPORTED` or `REPAIRED`. */
  readonly outcome: number;
  readonly atMs: number;
  readonly example: () => BreakExample | undefined;
}

export function noteSign(arrival: Arrival, sighting: Sighting, windowMs: number): void {
  const { sign, outcome, atMs, example } = sighting;
  let signs = arrival.signs.get(sign.kind);
  if (signs === undefined) {
    signs = { kind: sign.kind, facts: new Map(), details: new Map(), examples: [], firstMs: atMs, lastMs: atMs };
    arrival.signs.set(sign.kind, signs);
  }
  let tally = signs.facts.get(sign.fact);
  if (tally === undefined) {
    tally = createTally(SIGN_COUNTERS, windowMs);
    signs.facts.set(sign.fact, tally);
  }
  tally.add(outcome, atMs, 1);
  if (sign.detail !== undefined) signs.details.set(sign.fact, sign.detail);
  signs.firstMs = Math.min(signs.firstMs, atMs);
  signs.lastMs = Math.max(signs.lastMs, atMs);
  keepExample(signs.examples, atMs, example);
}

/** The repair that puts a sign of this kind right, where there is one. */
const MENDED_BY: Readonly<Partial<Record<BreakKind, RepairName>>> = {
  "stripped-before-us": "carrier",
  "restarted-between-borders": "carrier",
  "malformed-traceparent": "case",
  "duplicate-traceparent": "duplicates",
  "ghost-hop-before-us": "parent",
  "tracestate-mangled": "members",
  "formats-disagree": "stale",
};

/** What happened to a request with a sign of this kind. Of identical lines one always leaves. */
export function outcomeOf({ reading, verdict }: Crossing, kind: BreakKind): number {
  const { action, reason, repaired, reported } = verdict;
  const name = MENDED_BY[kind];
  if (action === "repair" || (name !== undefined && repaired?.includes(name) === true)) return REPAIRED;
  if (reason === "carrier-reported" || (name !== undefined && reported?.includes(name) === true)) return REPORTED;
  const doubled = kind === "duplicate-traceparent" && reading.kind === "valid";
  return doubled ? REPAIRED : OPEN;
}

export function exampleOf({ reading, verdict }: Crossing, atMs: number): BreakExample | undefined {
  const carried = reading.carried?.context.traceId;
  const came = carried ?? (reading.kind === "valid" ? reading.context.traceId : undefined);
  const left = verdict.context?.traceId;
  const traceId = came ?? left;
  if (traceId === undefined) return undefined;
  const other = left === traceId && reading.kind === "valid" ? reading.context.traceId : left;
  return other === undefined || other === traceId ? { traceId, atMs } : { traceId, otherTraceId: other, atMs };
}
