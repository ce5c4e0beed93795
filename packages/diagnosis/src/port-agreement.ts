/** Whether services behind an edge see the ports that requests went out on: behind a sidecar or a NAT they see another hop's. */
import type { Edge } from "./edge.ts";

/** Known pairs whose ports differ, before connections are no longer believed, and how many of them to one that agrees. */
const ENOUGH = 8;
const PER_AGREEMENT = 2;

export interface PortAgreement {
  agree: number;
  differ: number;
}

/** The port that an answered request went out on and the one that its span tells; 0 where it is not known. */
export function comparePort({ ports }: Edge, ours: number, told: number): void {
  if (ours === 0 || told === 0) return;
  if (ours === told) ports.agree += 1;
  else ports.differ += 1;
}

/** Whether a root that came from the port of a request is there by chance as soon as not. */
export function portsMislead({ ports }: Edge): boolean {
  return ports.differ >= ENOUGH && ports.differ > ports.agree * PER_AGREEMENT;
}
