/** What a stream always has mixed in, drawn once for each: clocks, SDKs, exporters, samplers, callers. */
import type { Random } from "./random.ts";

export interface World {
  /** By instance: how far its clock is from ours, in milliseconds. */
  clockMs(instance: string): number;
  /** Whether the SDK of a service says in `Span.flags` if a parent is remote. */
  tellsRemote(service: string): boolean;
  /** When in its five seconds an instance exports. */
  phaseMs(instance: string): number;
  hasCron(service: string): boolean;
  readonly unsampledShare: number;
  readonly lostBatches: number;
  readonly lateBatches: number;
  readonly doubledBatches: number;
  /** Roots at a service that came in past all boundaries, by request. */
  readonly entriesElsewhere: number;
  /** Of these, with a link to a trace that nobody here knows. */
  readonly linkedElsewhere: number;
  /** Requests at a boundary that bring no context, by request. */
  readonly entriesWithoutContext: number;
}

export const EXPORT_EVERY_MS = 5_000;

/** Half of the worlds have clocks that NTP keeps, the other half hosts up to 50 ms off. */
const KEPT_MS = 0.5;
const OFF_MS = 50;

export function createWorld(random: Random): World {
  const offMs = random.chance(0.5) ? KEPT_MS : OFF_MS;
  const clockMs = drawn(() => random.between(-offMs, offMs));
  const tellsRemote = drawn(() => random.chance(0.5));
  const phaseMs = drawn(() => random.between(0, EXPORT_EVERY_MS));
  const hasCron = drawn(() => random.chance(0.3));
  return {
    clockMs,
    tellsRemote,
    phaseMs,
    hasCron,
    unsampledShare: 0.05,
    lostBatches: 0.01,
    lateBatches: 0.03,
    doubledBatches: 0.01,
    entriesElsewhere: 0.05,
    linkedElsewhere: 0.02,
    entriesWithoutContext: 0.05,
  };
}

function drawn<Value>(draw: () => Value): (name: string) => Value {
  const known = new Map<string, Value>();
  return (name) => {
    if (!known.has(name)) known.set(name, draw());
    return known.get(name) as Value;
  };
}
