/** What is known of one edge behind a boundary in the window, in figures: all that an edge detector sees. */
import { BARE, CAUSES } from "./cause.ts";
import type { Edge } from "./edge.ts";
import {
  ANSWERED,
  LIES_AFTER,
  LIES_AFTER_MS,
  BEGAN_BEFORE,
  BEGAN_BEFORE_MS,
  CHANCE_UNITS,
  COMPARED,
  COMPATIBLE,
  COMPATIBLE_APART,
  COMPATIBLE_AT_BEST,
  COMPATIBLE_BY_CHANCE,
  LEAKED,
  UNSAMPLED_ANSWERED,
  FORGOTTEN,
  FORWARDED,
  NOT_EXPECTED,
  NOT_OBSERVED,
  missingCounter,
} from "./edge.ts";
import type { Gateway } from "./remedies/gateway.ts";
import { FORGOTTEN_ORPHANS, ORPHANS } from "./service.ts";
import type { TraceIdForm } from "./trace-id-form.ts";

export interface EdgeFacts {
  readonly boundary: string;
  readonly cluster: string;
  readonly upstream: string;
  readonly gateway: Gateway | undefined;
  /** Names of the services that answer for the upstream; empty while none is known. */
  readonly services: readonly string[];
  /** `telemetry.sdk.language` of the first of them, "" where it is not known. */
  readonly language: string;
  /** Requests that are owed a span. Of these: */
  readonly forwarded: number;
  readonly answered: number;
  readonly notObserved: number;
  readonly forgotten: number;
  readonly waiting: number;
  /** Missing children by cause; index 0 is empty. */
  readonly missing: readonly number[];
  /** What the trace id was made into, where it last came in another form. */
  readonly form: TraceIdForm | undefined;
  /** Beside `forwarded`: requests that are owed nothing: not sampled, probes, or failed on the way. */
  readonly notExpected: number;
  /** Requests that left unsampled and were recorded by the service all the same. */
  readonly unsampledAnswered: number;
  /** Answers that began long after their request had ended. */
  readonly leaked: number;
  /** Answers that began before their request, and by how many milliseconds on average. */
  readonly beganBefore: number;
  readonly beganBeforeMs: number;
  /** Answers that lie after their request, wholly or as far as they began late, and by how many milliseconds on average. */
  readonly liesAfter: number;
  readonly liesAfterMs: number;
  /** Those that were missing for no known cause once they had had the longest wait. Of these: */
  readonly compared: number;
  /** have an orphan that fits in time; would have one by chance; have one of their own; would if all had one of their own. */
  readonly compatible: number;
  readonly compatibleByChance: number;
  readonly compatibleApart: number;
  readonly compatibleAtBest: number;
  /** Roots of these services in the window that nothing explains, and those of them that nothing was compared with. */
  readonly orphans: number;
  readonly forgottenOrphans: number;
}

export function factsOf(edge: Edge, nowMs: number): EdgeFacts {
  const { tally, services } = edge;
  const missing = [0];
  for (let cause = BARE; cause <= CAUSES; cause += 1) missing.push(tally.sum(missingCounter(cause), nowMs));
  const mean = (total: number, count: number): number => (count === 0 ? 0 : tally.sum(total, nowMs) / count);
  const ofServices = (counter: number): number =>
    services.reduce((sum, service) => sum + service.tally.sum(counter, nowMs), 0);
  const beganBefore = tally.sum(BEGAN_BEFORE, nowMs);
  const liesAfter = tally.sum(LIES_AFTER, nowMs);
  return {
    boundary: edge.boundary,
    cluster: edge.cluster,
    upstream: edge.upstream,
    gateway: edge.gateway,
    services: services.map(({ name }) => name),
    language: services[0]?.language ?? "",
    forwarded: tally.sum(FORWARDED, nowMs),
    answered: tally.sum(ANSWERED, nowMs),
    notObserved: tally.sum(NOT_OBSERVED, nowMs),
    forgotten: tally.sum(FORGOTTEN, nowMs),
    waiting: edge.waiting,
    missing,
    form: edge.form,
    notExpected: tally.sum(NOT_EXPECTED, nowMs),
    unsampledAnswered: tally.sum(UNSAMPLED_ANSWERED, nowMs),
    leaked: tally.sum(LEAKED, nowMs),
    beganBefore,
    beganBeforeMs: mean(BEGAN_BEFORE_MS, beganBefore),
    liesAfter,
    liesAfterMs: mean(LIES_AFTER_MS, liesAfter),
    compared: tally.sum(COMPARED, nowMs),
    compatible: tally.sum(COMPATIBLE, nowMs),
    compatibleByChance: tally.sum(COMPATIBLE_BY_CHANCE, nowMs) / CHANCE_UNITS,
    compatibleApart: tally.sum(COMPATIBLE_APART, nowMs),
    compatibleAtBest: tally.sum(COMPATIBLE_AT_BEST, nowMs) / CHANCE_UNITS,
    orphans: ofServices(ORPHANS),
    forgottenOrphans: ofServices(FORGOTTEN_ORPHANS),
  };
}

/** Requests whose wait has ended with an answer or surely without one. */
export function judgedOf(facts: EdgeFacts): number {
  return facts.answered + missingOf(facts);
}

/**
 * Judged requests of which it is known what became of them: what the shares of breaks are taken of. One that misses its
 * span for no known cause is neither broken nor whole.
 */
export function toldOf(facts: EdgeFacts): number {
  return judgedOf(facts) - (facts.missing[BARE] as number);
}

export function missingOf({ missing }: EdgeFacts): number {
  return missing.reduce((sum, count) => sum + count, 0);
}
