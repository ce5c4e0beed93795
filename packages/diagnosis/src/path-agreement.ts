/** Whether spans behind an edge tell the path that was forwarded: then a root with another path is another request's. */
import type { Edge } from "./edge.ts";

/** Pairs that must be known before paths decide anything. */
const ENOUGH = 30;

/** Of so many that agree one may differ. */
const PER_DIFFERENCE = 50;

/** From here on one pair in so many still teaches: reading attributes of every answer would cost too much. */
const KNOWN_WELL = 64;
const SAMPLE_OF = 64;

export interface PathAgreement {
  seen: number;
  agree: number;
  differ: number;
}

export function wantsPath({ paths }: Edge): boolean {
  paths.seen += 1;
  return paths.seen <= KNOWN_WELL || paths.seen % SAMPLE_OF === 0;
}

/** Hashes of the path that was forwarded and of the one that its span tells; 0 where it is not known. */
export function comparePath({ paths }: Edge, forwarded: number, told: number): void {
  if (forwarded === 0 || told === 0) return;
  if (forwarded === told) paths.agree += 1;
  else paths.differ += 1;
}

/** Whether a root with another path than the one that was forwarded is surely another request's. */
export function pathsTell({ paths }: Edge): boolean {
  return paths.agree >= ENOUGH && paths.differ * PER_DIFFERENCE <= paths.agree;
}
