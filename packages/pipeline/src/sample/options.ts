/** The options of sampling, checked and completed. */
import { systemClock } from "../clock.ts";
import { definePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";
import { createWatches } from "./watch.ts";

export type SampleOptions =
  /** By the randomness of the trace id alone: keeps nothing back, remembers nothing. */
  | {
      readonly kind: "probabilistic";
      /** 0 to 100. A threshold that a span brings with it is raised to it, never lowered. */
      readonly samplingPercentage: number;
      /** Digits of the threshold. Default 4; 1 to 14. */
      readonly samplingPrecision?: number;
    }
  /** Decides at the first span of a trace. */
  | ({ readonly kind: "rate_limiting"; readonly spansPerSecond: number; readonly burstCapacity?: number } & Memory)
  /** Decides when a trace has had time to be complete. */
  | ({
      readonly kind: "tail";
      readonly policies: readonly PolicyOptions[];
      /** After the first span of a trace. Default 30 000. */
      readonly decisionWaitMs?: number;
      /** After a root span, if that is sooner. Default 0: roots are not waited for. */
      readonly decisionWaitAfterRootReceivedMs?: number;
      /** Of undecided traces so many are held, about 700 bytes each; then the oldest is decided early. Default 50 000. */
      readonly numTraces?: number;
      /**
       * Of batches with undecided traces so much is held, counted as the queue counts them; then the oldest traces are
       * decided early. Default, and at most: half of `queue.maxBytes`, a quarter where the queue is on disk.
       */
      readonly maxBytes?: number;
    } & Memory);

interface Memory {
  /** Decisions remembered for spans that come later, about 100 bytes each. */
  readonly decisionCache?: {
    /** Default 50 000. */
    readonly sampledCacheSize?: number;
    /** Default 50 000. */
    readonly nonSampledCacheSize?: number;
  };
}

/** With nothing left open. */
export type Sample =
  | { readonly kind: "probabilistic"; readonly samplingPercentage: number; readonly samplingPrecision: number }
  | TailSample;

export interface TailSample {
  readonly kind: "tail";
  readonly policies: readonly PolicyOptions[];
  readonly decisionWaitMs: number;
  readonly afterRootMs: number;
  readonly numTraces: number;
  readonly maxBytes: number;
  readonly sampledCacheSize: number;
  readonly nonSampledCacheSize: number;
}

/** `mostBytes`: what may be held back. `fail` throws a TypeError that names the option, its rule and its value. */
export function defineSample(
  options: SampleOptions,
  mostBytes: number,
  fail: (option: string, rule: string, value: unknown) => never,
): Sample {
  const count = (option: string, value: number, least: number): number =>
    Number.isSafeInteger(value) && value >= least
      ? value
      : fail(`sample.${option}`, `an integer of at least ${least}`, value);
  if (options.kind === "probabilistic") {
    const { kind, samplingPercentage, samplingPrecision = 4 } = options;
    if (!(samplingPercentage >= 0 && samplingPercentage <= 100))
      fail("sample.samplingPercentage", "from 0 to 100", samplingPercentage);
    if (count("samplingPrecision", samplingPrecision, 1) > 14)
      fail("sample.samplingPrecision", "at most 14", samplingPrecision);
    return { kind, samplingPercentage, samplingPrecision };
  }
  const { sampledCacheSize = 50_000, nonSampledCacheSize = 50_000 } = options.decisionCache ?? {};
  const memory = {
    sampledCacheSize: count("decisionCache.sampledCacheSize", sampledCacheSize, 1),
    nonSampledCacheSize: count("decisionCache.nonSampledCacheSize", nonSampledCacheSize, 1),
  };
  if (options.kind === "rate_limiting") {
    const { kind: type, spansPerSecond, burstCapacity = 2 * spansPerSecond } = options;
    const policies = [{ name: type, type, spansPerSecond, burstCapacity }];
    checkPolicies(policies, fail);
    return { kind: "tail", policies, decisionWaitMs: 0, afterRootMs: 0, numTraces: 1, maxBytes: mostBytes, ...memory };
  }
  const { policies, decisionWaitMs = 30_000, decisionWaitAfterRootReceivedMs = 0, numTraces = 50_000 } = options;
  const maxBytes = count("maxBytes", options.maxBytes ?? mostBytes, 1);
  if (maxBytes > mostBytes) fail("sample.maxBytes", `at most ${mostBytes}, or the queue would be full of it`, maxBytes);
  checkPolicies(policies, fail);
  return {
    kind: "tail",
    policies,
    decisionWaitMs: count("decisionWaitMs", decisionWaitMs, 0),
    afterRootMs: count("decisionWaitAfterRootReceivedMs", decisionWaitAfterRootReceivedMs, 0),
    numTraces: count("numTraces", numTraces, 1),
    maxBytes,
    ...memory,
  };
}

function checkPolicies(
  policies: readonly PolicyOptions[],
  fail: (option: string, rule: string, value: unknown) => never,
): void {
  if (policies.every(({ type }) => type === "drop")) fail("sample.policies", "at least one that keeps", policies);
  policies.forEach(({ name }, at) => {
    if (name === "" || policies.findIndex((one) => one.name === name) !== at)
      fail("sample.policies", "each of a name of its own", name);
  });
  for (const policy of policies) definePolicy(policy, createWatches(), systemClock);
}
