/** What is known of each service that exports spans: how far its spans have come, instance by instance. */
import { createTally, tallyBytes } from "./tally.ts";
import type { Tally } from "./tally.ts";
import type { Lag } from "./lag.ts";
import { createLag } from "./lag.ts";

/** Counters of a service: roots that no rule explains, and roots that one does. */
export const ORPHANS = 0;
export const LEGITIMATE_ROOTS = 1;
/** Root spans, and those that are CLIENT spans. */
export const ROOTS = 2;
export const CLIENT_ROOTS = 3;
/** Traces it worked in by local spans; with too many of them; with too many short ones. */
export const WORKED_TRACES = 4;
export const CROWDED_TRACES = 5;
export const FLICKERING_TRACES = 6;
/** Spans whose parents were looked for, and not found. */
export const PARENTS_CHECKED = 7;
export const PARENTS_MISSING = 8;
/** Roots that were overwritten before anything was compared with them. */
export const FORGOTTEN_ORPHANS = 9;
const COUNTERS = 10;

/** `telemetry.sdk.language` of SDKs for browsers. */
export const BROWSER_LANGUAGE = "webjs";

/** Instances per service beyond which the one that was silent longest is forgotten. */
const MAX_INSTANCES = 32;

/** A span whose end is further from its arrival says nothing about how far the others have come. */
const UNBELIEVABLE_MS = 3_600_000;

export interface Instance {
  newestEndMs: number;
  lastArrivalMs: number;
  /** See `SourceBook`; 0 while it is not known. */
  source: number;
  /** Whether its SDK supports its runtime; undefined where that is not known. */
  supported: boolean | undefined;
  readonly lag: Lag;
}

export interface Service {
  readonly id: number;
  readonly name: string;
  /** `telemetry.sdk.language` of its newest span, "" when it says none. */
  language: string;
  spans: number;
  lastArrivalMs: number;
  /** Its spans are those of a border: they say what crossings say, and are no answers of a service. */
  border: boolean;
  /** Its spans tell from which port requests came. */
  tellsPorts: boolean;
  /** Set at each tick; see `watermarkMs`. */
  watermarkMs: number;
  readonly tally: Tally;
  readonly instances: Map<string, Instance>;
}

export interface ServiceTimes {
  readonly windowMs: number;
  /** How long a span may take to arrive where too few were seen to know. */
  readonly settleMs: number;
  readonly hardWaitMs: number;
}

/** What a service and each of its instances take, roughly, with what is remembered of their resources. */
export const SERVICE_BYTES: number = 512 + tallyBytes(COUNTERS);
export const INSTANCE_BYTES = 1_024;

export function createService(id: number, name: string, times: ServiceTimes): Service {
  return {
    id,
    name,
    language: "",
    spans: 0,
    lastArrivalMs: 0,
    border: false,
    tellsPorts: false,
    watermarkMs: -Infinity,
    tally: createTally(COUNTERS, times.windowMs),
    instances: new Map(),
  };
}

/** The process of this id; the one that was silent longest gives way where there are too many. */
export function openInstance(service: Service, id: string): Instance {
  const known = service.instances.get(id);
  if (known !== undefined) return known;
  if (service.instances.size >= MAX_INSTANCES) forgetQuietest(service);
  const instance: Instance = { newestEndMs: 0, lastArrivalMs: 0, source: 0, supported: undefined, lag: createLag() };
  service.instances.set(id, instance);
  return instance;
}

/** Notes the arrival of one span; `endMs` is by the clock of the instance. */
export function noteArrival(service: Service, instance: Instance, endMs: number, nowMs: number): void {
  service.spans += 1;
  service.lastArrivalMs = nowMs;
  if (Math.abs(nowMs - endMs) > UNBELIEVABLE_MS) return;
  instance.lastArrivalMs = nowMs;
  if (endMs > instance.newestEndMs) instance.newestEndMs = endMs;
  instance.lag.add(nowMs - endMs);
}

/**
 * Requests that ended before this time have had their spans of this service arrive, if they were ever to. -Infinity
 * while nothing can be said. Which instance served a request whose span is missing is not known: the slowest of those
 * that still export decides.
 */
export function watermarkMs(service: Service, nowMs: number, times: ServiceTimes): number {
  let slowest = Infinity;
  for (const instance of service.instances.values()) {
    if (nowMs - instance.lastArrivalMs > times.hardWaitMs) continue;
    const margin = Math.min(times.hardWaitMs, instance.lag.marginMs(times.settleMs));
    slowest = Math.min(slowest, reachedMs(instance) - margin);
  }
  return slowest === Infinity ? -Infinity : slowest;
}

/** Whether some instance exported spans that ended at this time or later. */
export function hasExportedPast(service: Service, endMs: number): boolean {
  for (const instance of service.instances.values()) if (reachedMs(instance) >= endMs) return true;
  return false;
}

/** How far the fastest clock of its instances is ahead of ours at least. */
export function clockAheadMs(service: Service): number {
  let most = 0;
  for (const { lag } of service.instances.values()) most = Math.max(most, lag.aheadMs());
  return most;
}

/** The newest end by our clock; a span cannot have ended after it arrived. */
function reachedMs({ newestEndMs, lastArrivalMs, lag }: Instance): number {
  return Math.min(newestEndMs - lag.aheadMs(), lastArrivalMs);
}

export type ServiceActivity = "unseen" | "exporting" | "silent";

export function activityOf(service: Service, nowMs: number, times: ServiceTimes): ServiceActivity {
  if (service.spans === 0) return "unseen";
  return nowMs - service.lastArrivalMs > 2 * times.hardWaitMs ? "silent" : "exporting";
}

function forgetQuietest(service: Service): void {
  let quietest = "";
  let since = Infinity;
  for (const [id, { lastArrivalMs }] of service.instances) {
    if (lastArrivalMs >= since) continue;
    quietest = id;
    since = lastArrivalMs;
  }
  service.instances.delete(quietest);
}
