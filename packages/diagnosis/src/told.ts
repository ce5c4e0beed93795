/** Whether spans behind an edge tell the same of their requests as we saw: then that tells requests apart. */
import type { Edge } from "./edge.ts";
import { METHOD_BITS, STATUS_BITS } from "./outcome.ts";

/** From here on one request in so many still teaches: reading attributes of every answer would cost too much. */
const KNOWN_WELL = 64;
const SAMPLE_OF = 64;

/** Of more than these the older count half: what stands behind an edge changes. */
const MOST = 1_024;

/** Known pairs before their paths, methods or statuses decide anything; of so many that agree one may differ. */
const ENOUGH = 30;
const PER_DIFFERENCE = 50;

/** Ports that must be compared before they are believed without a look at what is still to come. */
const ENOUGH_PORTS = 8;
/** So many may differ for one that agrees: whatever comes from another hop's connection agrees by chance. */
const PORTS_PER_AGREEMENT = 2;
/** So few requests that wait have hardly a root of another on one of their ports, of 28 000, even if all are open at once. */
const FEW = 32;

interface Compared {
  agree: number;
  differ: number;
}

export interface Told {
  seen: number;
  readonly paths: Compared;
  readonly methods: Compared;
  readonly statuses: Compared;
  readonly ports: Compared;
}

export function createTold(): Told {
  const compared = (): Compared => ({ agree: 0, differ: 0 });
  return { seen: 0, paths: compared(), methods: compared(), statuses: compared(), ports: compared() };
}

/** Whether the request at hand, of which it is known what became of it, is one to compare. */
export function wantsComparing({ told }: Edge): boolean {
  told.seen += 1;
  return told.seen <= KNOWN_WELL || told.seen % SAMPLE_OF === 0;
}

/** What both sides of a hop may know of a request; 0 is what is not known. */
export interface Traits {
  /** The hash of its path. */
  readonly path: number;
  /** See `outcome.ts`. */
  readonly outcome: number;
  /** The port it went out on. */
  readonly port: number;
}

/** What we know of a request, and what the span says that is known to be its. */
export function compareTraits({ told }: Edge, ours: Traits, theirs: Traits): void {
  compare(told.paths, ours.path, theirs.path);
  compare(told.methods, ours.outcome & METHOD_BITS, theirs.outcome & METHOD_BITS);
  compare(told.statuses, ours.outcome & STATUS_BITS, theirs.outcome & STATUS_BITS);
  compare(told.ports, ours.port, theirs.port);
}

function compare(compared: Compared, ours: number, theirs: number): void {
  if (ours !== 0 && theirs !== 0) count(compared, ours === theirs);
}

/** Notes of a request that surely has no span whether any root came from its port. */
export function noteConnection({ told }: Edge, hasRoot: boolean): void {
  count(told.ports, hasRoot);
}

function count(compared: Compared, agrees: boolean): void {
  if (agrees) compared.agree += 1;
  else compared.differ += 1;
  if (compared.agree + compared.differ <= MOST) return;
  compared.agree = Math.floor(compared.agree / 2);
  compared.differ = Math.floor(compared.differ / 2);
}

/** Whether a root with another path than the one that was forwarded is surely another request's. */
export function pathsTell({ told: { paths } }: Edge): boolean {
  return isTrusted(paths);
}

/** The bits of an outcome by which a root is surely another request's if they differ. */
export function outcomeBits({ told: { methods, statuses } }: Edge): number {
  return (isTrusted(methods) ? METHOD_BITS : 0) | (isTrusted(statuses) ? STATUS_BITS : 0);
}

function isTrusted({ agree, differ }: Compared): boolean {
  return agree >= ENOUGH && differ * PER_DIFFERENCE <= agree;
}

/** Whether a root that came from the port of a request is there by chance as soon as not: behind a sidecar or a NAT. */
export function portsMislead({ told: { ports } }: Edge): boolean {
  return ports.differ >= ENOUGH_PORTS && ports.differ > ports.agree * PORTS_PER_AGREEMENT;
}

/** Whether a root on the port of a request may be taken for its own before all that may be on it have come. */
export function portsTellAtOnce({ told: { ports }, waiting }: Edge): boolean {
  return waiting <= FEW || ports.agree + ports.differ >= ENOUGH_PORTS;
}
