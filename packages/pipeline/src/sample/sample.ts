/** Leaves spans out, whole traces at a time, and counts each of them on the ledger by the policy that decided. */
import type { Clock } from "../clock.ts";
import type { Account } from "../ledger.ts";
import { accepted } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import { applyChoices } from "./choice.ts";
import type { Choice } from "./choice.ts";
import { readOt } from "./ot-member.ts";
import type { Sample } from "./options.ts";
import { createTail } from "./tail.ts";
import type { SamplingState } from "./tally.ts";
import { randomnessOf, thresholdOf } from "./threshold.ts";

export interface Sampler {
  readonly sink: Sink;
  /** Undefined for a sampler that remembers nothing. */
  readonly state: SamplingState | undefined;
}

export function createSampler(sample: Sample | undefined, account: Account, clock: Clock, next: Sink): Sampler {
  if (sample === undefined) return { sink: next, state: undefined };
  if (sample.kind === "probabilistic") return { sink: createProbabilistic(sample, account, next), state: undefined };
  const tail = createTail({ sample, account, clock }, next);
  return {
    sink: tail,
    get state() {
      return tail.state;
    },
  };
}

function createProbabilistic(
  { samplingPercentage, samplingPrecision }: Extract<Sample, { readonly kind: "probabilistic" }>,
  account: Account,
  next: Sink,
): Sink {
  const policy = "probabilistic";
  const threshold = thresholdOf(samplingPercentage / 100, samplingPrecision);
  const kept: Choice = { sampled: true, policy, threshold };
  const out: Choice = { sampled: false, policy, threshold };
  return {
    accept(batch, signal) {
      const chosen = applyChoices(batch, (span) => {
        const randomness = readOt(span.tracestate()).randomness ?? randomnessOf(span.traceId());
        return randomness >= threshold ? kept : out;
      });
      for (const spans of chosen.left.values()) account.settled("queued", batch.signal, spans, { sampledOut: policy });
      return chosen.batch.items === 0 && batch.items > 0
        ? Promise.resolve(accepted)
        : next.accept(chosen.batch, signal);
    },
    close: (signal) => next.close(signal),
  };
}
