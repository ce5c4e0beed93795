/** One edge behind a boundary: what was forwarded to an upstream and what came of it. */
import { CAUSES, SIGHTINGS } from "./cause.ts";
import type { OffsetSearch } from "./clock-offset.ts";
import { OFFSET_BYTES, createOffsetSearch } from "./clock-offset.ts";
import type { BreakExample } from "./break.ts";
import { keepExample } from "./examples.ts";
import type { Facets } from "./facets.ts";
import { FACETS_BYTES, createFacets } from "./facets.ts";
import type { Told } from "./told.ts";
import { createTold } from "./told.ts";
import type { Gateway } from "./remedies/gateway.ts";
import type { Routes } from "./routes.ts";
import { createRoutes } from "./routes.ts";
import type { Service } from "./service.ts";
import type { Settings } from "./settings.ts";
import type { Tally } from "./tally.ts";
import { createTally, tallyBytes } from "./tally.ts";
import type { TraceIdForm } from "./trace-id-form.ts";
import type { TimingModel } from "./timing-model.ts";
import { TIMING_BYTES, createTimingModel } from "./timing-model.ts";

/** Counters of an edge; the missing ones are counted by their cause, from `MISSING_FROM` on. */
export const FORWARDED = 0;
export const ANSWERED = 1;
export const NOT_OBSERVED = 2;
export const NOT_EXPECTED = 3;
export const FORGOTTEN = 4;
/** Answered although the request had left unsampled. */
export const UNSAMPLED_ANSWERED = 5;
/** Answers that began long after their request had ended. */
export const LEAKED = 6;
/** Answers that began before their request, and the milliseconds by which they did. */
export const BEGAN_BEFORE = 7;
export const BEGAN_BEFORE_MS = 8;
/** Answers that lie after their request, wholly or as far as they began late, and the milliseconds by which they do. */
export const LIES_AFTER = 9;
export const LIES_AFTER_MS = 10;
/** Missing for no known cause, with an orphan that fits in time; and how many of them would by chance, in fractions. */
export const COMPATIBLE = 11;
export const COMPATIBLE_BY_CHANCE = 12;
/** How many of them have one that was not counted for another before. */
export const COMPATIBLE_APART = 13;
/** How many of them would if each had its own, in fractions; and how many were looked at. */
export const COMPATIBLE_AT_BEST = 14;
export const COMPARED = 15;
export const CHANCE_UNITS = 1_000;
const MISSING_FROM = 15;
const COUNTERS: number = MISSING_FROM + CAUSES + 1;

export function missingCounter(cause: number): number {
  return MISSING_FROM + cause;
}

/** Services that may stand behind one upstream: canaries, several pools. */
const MAX_SERVICES = 8;

export interface Edge {
  readonly id: number;
  readonly boundary: string;
  readonly cluster: string;
  readonly upstream: string;
  /** What is known to stand between us and the service. */
  readonly gateway: Gateway | undefined;
  /** The services that answer for the upstream: configured, named like it, or seen to answer. */
  readonly services: Service[];
  readonly tally: Tally;
  /** By cause or other sighting; 0 where it never happened. */
  readonly firstMs: Float64Array;
  readonly lastMs: Float64Array;
  readonly examples: BreakExample[][];
  /** Requests that ended before it have had their spans arrive; set at each tick. */
  watermarkMs: number;
  waiting: number;
  readonly timing: TimingModel;
  /** By requests that nothing but their times joins, and by those that others follow on one connection. */
  readonly offset: OffsetSearch;
  readonly connectionOffset: OffsetSearch;
  /** Records that had the longest wait at this tick and have no known cause. */
  readonly undecided: number[];
  /** The service that the last probes pointed to, and how many in a row did. */
  guess: Service | undefined;
  guessed: number;
  readonly routes: Routes;
  readonly told: Told;
  readonly facets: Facets;
  /** What the trace id was made into, where it last came in another form. */
  form: TraceIdForm | undefined;
}

export const EDGE_BYTES: number =
  3_072 + FACETS_BYTES + TIMING_BYTES + 2 * OFFSET_BYTES + tallyBytes(COUNTERS) + 2 * 8 * (SIGHTINGS + 1);

export function createEdge(id: number, boundary: string, cluster: string, upstream: string, settings: Settings): Edge {
  return {
    id,
    boundary,
    cluster,
    upstream,
    gateway: settings.gateways.get(upstream),
    services: [],
    tally: createTally(COUNTERS, settings.windowMs),
    firstMs: new Float64Array(SIGHTINGS + 1),
    lastMs: new Float64Array(SIGHTINGS + 1),
    examples: Array.from({ length: SIGHTINGS + 1 }, () => []),
    watermarkMs: -Infinity,
    waiting: 0,
    timing: createTimingModel(),
    offset: createOffsetSearch(),
    connectionOffset: createOffsetSearch(),
    undecided: [],
    guess: undefined,
    guessed: 0,
    routes: createRoutes(),
    told: createTold(),
    facets: createFacets(),
    form: undefined,
  };
}

export function learnService(edge: Edge, service: Service): void {
  if (edge.services.length < MAX_SERVICES && !edge.services.includes(service)) edge.services.push(service);
}

export function answersFor(edge: Edge, serviceId: number): boolean {
  for (const { id } of edge.services) if (id === serviceId) return true;
  return false;
}

/** Whether it may do so: any may while none is known behind the edge. */
export function mayAnswerFor(edge: Edge, serviceId: number): boolean {
  return edge.services.length === 0 || answersFor(edge, serviceId);
}

/** Notes that something was seen; `example` is asked for only where there is room for one. */
export function noteSighting(edge: Edge, sighting: number, atMs: number, example: () => BreakExample): void {
  const firstMs = edge.firstMs[sighting] as number;
  edge.firstMs[sighting] = firstMs === 0 ? atMs : Math.min(firstMs, atMs);
  edge.lastMs[sighting] = Math.max(edge.lastMs[sighting] as number, atMs);
  keepExample(edge.examples[sighting] as BreakExample[], atMs, example);
}
