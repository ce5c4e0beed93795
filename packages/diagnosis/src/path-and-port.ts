/** Whether spans behind an edge tell the path and the port of their requests: then these tell requests apart. */
import type { Edge } from "./edge.ts";

/** From here on one request in so many still teaches: reading attributes of every answer would cost too much. */
const KNOWN_WELL = 64;
const SAMPLE_OF = 64;

/** Of more than these the older count half: what stands behind an edge changes. */
const MOST = 1_024;

/** Known pairs before paths decide anything; of so many that agree one may differ. */
const ENOUGH_PATHS = 30;
const PATHS_PER_DIFFERENCE = 50;

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

export interface PathAndPort {
  seen: number;
  readonly paths: Compared;
  readonly ports: Compared;
}

export function createPathAndPort(): PathAndPort {
  return { seen: 0, paths: { agree: 0, differ: 0 }, ports: { agree: 0, differ: 0 } };
}

/** Whether the request at hand, of which it is known what became of it, is one to compare. */
export function wantsComparing({ told }: Edge): boolean {
  told.seen += 1;
  return told.seen <= KNOWN_WELL || told.seen % SAMPLE_OF === 0;
}

/** Hashes of the path that was forwarded and of the one that its span tells; 0 where it is not known. */
export function comparePath({ told }: Edge, forwarded: number, path: number): void {
  if (forwarded !== 0 && path !== 0) count(told.paths, forwarded === path);
}

/** The port that a request went out on and the one that its span tells; 0 where it is not known. */
export function comparePort({ told }: Edge, ours: number, port: number): void {
  if (ours !== 0 && port !== 0) count(told.ports, ours === port);
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
  return paths.agree >= ENOUGH_PATHS && paths.differ * PATHS_PER_DIFFERENCE <= paths.agree;
}

/** Whether a root that came from the port of a request is there by chance as soon as not: behind a sidecar or a NAT. */
export function portsMislead({ told: { ports } }: Edge): boolean {
  return ports.differ >= ENOUGH_PORTS && ports.differ > ports.agree * PORTS_PER_AGREEMENT;
}

/** Whether a root on the port of a request may be taken for its own before all that may be on it have come. */
export function portsTellAtOnce({ told: { ports }, waiting }: Edge): boolean {
  return waiting <= FEW || ports.agree + ports.differ >= ENOUGH_PORTS;
}
