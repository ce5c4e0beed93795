/** One edge before a boundary: what came from one neighbour, and the signs of breaks it showed. */
import type { Crossing } from "@tracemend/context";
import type { BreakExample, BreakKind } from "./break.ts";
import type { Fact, Sign } from "./sign.ts";
import type { Tally } from "./tally.ts";
import { createTally } from "./tally.ts";

export const CAME = 0;
export const CAME_WHOLE = 1;
const COUNTERS = 2;

/** Counters of the signs of one kind, by what happened to the request. */
export const OPEN = 0;
export const REPORTED = 1;
export const REPAIRED = 2;
const SIGN_COUNTERS = 3;

const MAX_EXAMPLES = 4;
const MAX_PEERS = 4;

export interface Signs {
  readonly kind: BreakKind;
  /** Each fact's requests, by what happened to them. */
  readonly facts: Map<Fact, Tally>;
  readonly examples: BreakExample[];
  firstMs: number;
  lastMs: number;
}

export interface Arrival {
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
  boundary: string,
  cluster: string,
  from: string,
  known: boolean,
  windowMs: number,
): Arrival {
  return { boundary, cluster, from, known, tally: createTally(COUNTERS, windowMs), signs: new Map(), peers: [] };
}

export function noteArrivalOf(arrival: Arrival, crossing: Crossing, atMs: number): void {
  arrival.tally.add(CAME, atMs, 1);
  if (crossing.reading.kind === "valid") arrival.tally.add(CAME_WHOLE, atMs, 1);
}

export function noteSign(arrival: Arrival, sign: Sign, crossing: Crossing, atMs: number, windowMs: number): void {
  let signs = arrival.signs.get(sign.kind);
  if (signs === undefined) {
    signs = { kind: sign.kind, facts: new Map(), examples: [], firstMs: atMs, lastMs: atMs };
    arrival.signs.set(sign.kind, signs);
  }
  let tally = signs.facts.get(sign.fact);
  if (tally === undefined) {
    tally = createTally(SIGN_COUNTERS, windowMs);
    signs.facts.set(sign.fact, tally);
  }
  tally.add(outcomeOf(crossing), atMs, 1);
  signs.firstMs = Math.min(signs.firstMs, atMs);
  signs.lastMs = Math.max(signs.lastMs, atMs);
  const { reading, verdict, downstream } = crossing;
  if (signs.examples.length < MAX_EXAMPLES) {
    const came = reading.kind === "valid" ? reading.context : reading.carried?.context;
    const traceId = came?.traceId ?? verdict.context?.traceId;
    const left = verdict.context?.traceId;
    if (traceId !== undefined) {
      const example = { traceId, atMs };
      signs.examples.push(left === undefined || left === traceId ? example : { ...example, otherTraceId: left });
    }
  }
  if (downstream !== undefined && arrival.peers.length < MAX_PEERS && !arrival.peers.includes(downstream.address)) {
    arrival.peers.push(downstream.address);
  }
}

function outcomeOf({ reading, verdict }: Crossing): number {
  if (verdict.action === "repair") return REPAIRED;
  if (verdict.reason === "carrier-reported") return REPORTED;
  const doubled = reading.kind === "valid" && reading.notes.some(({ code }) => code === "duplicate-identical");
  return doubled ? REPAIRED : OPEN;
}
