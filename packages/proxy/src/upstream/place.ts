/** Where the endpoints of an upstream are, and how the turns are shared among them. Pure. */
import type { Endpoint } from "./endpoint.ts";
import { formatEndpoint } from "./options.ts";
import type { Resolved } from "./resolver.ts";

export interface Place {
  /** `host:port`. */
  readonly key: string;
  readonly weight: number;
  readonly priority: number;
}

export function placesOf({ endpoints }: Resolved, own: string): readonly Place[] {
  return endpoints
    .map(({ host, port, weight, priority }) => placeAt(formatEndpoint(host, port ?? portOf(own)), weight, priority))
    .toSorted((left, right) => (left.key < right.key ? -1 : 1));
}

export function placeAt(key: string, weight: number = 1, priority: number = 0): Place {
  return { key, weight, priority };
}

export function portOf(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));
}

type Turn = Pick<Endpoint, "weight" | "credit">;

/** Smooth: turns of one endpoint are spread between those of the others. */
export function byWeight<T extends Turn>(usable: readonly T[], tried: T | undefined): T | undefined {
  let total = 0;
  let next: T | undefined;
  for (const endpoint of usable) {
    if (endpoint === tried) continue;
    endpoint.credit += endpoint.weight;
    total += endpoint.weight;
    if (next === undefined || endpoint.credit > next.credit) next = endpoint;
  }
  if (next !== undefined) next.credit -= total;
  return next;
}
