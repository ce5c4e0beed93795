/** What sampling has decided, when and why: the figures behind its metrics. */
import { createHistogram } from "../histogram.ts";
import type { Histogram, OpenHistogram } from "../histogram.ts";

/** `final`: no more spans could change it; `due`: the wait was over; the others are decisions for want of room or time. */
export type DecisionCause = "final" | "due" | "bytes" | "traces" | "close";

export interface SamplingState {
  /** Traces that are not decided, and the bytes of the batches that wait for them, as the queue counts them. */
  readonly traces: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly maxTraces: number;
  /** Decisions on traces by policy: those that sampled, and those that did not. */
  readonly sampled: Readonly<Record<string, number>>;
  readonly notSampled: Readonly<Record<string, number>>;
  readonly causes: Readonly<Record<DecisionCause, number>>;
  /** Spans that came after the decision on their trace. */
  readonly lateSpans: Readonly<{ sampled: number; notSampled: number }>;
  /** From the first span of a trace to its decision. */
  readonly decisionMs: Histogram;
  /** By how much decisions came after their time, all together. */
  readonly latenessMs: number;
}

const boundsMs = [10, 100, 1_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000];

export class Tally {
  readonly sampled: Record<string, number> = {};
  readonly notSampled: Record<string, number> = {};
  readonly causes: Record<DecisionCause, number> = { final: 0, due: 0, bytes: 0, traces: 0, close: 0 };
  readonly lateSpans = { sampled: 0, notSampled: 0 };
  readonly #decisionMs: OpenHistogram = createHistogram(boundsMs);
  latenessMs = 0;

  decided(choice: { readonly sampled: boolean; readonly policy: string }, cause: DecisionCause, afterMs: number): void {
    const counts = choice.sampled ? this.sampled : this.notSampled;
    counts[choice.policy] = (counts[choice.policy] ?? 0) + 1;
    this.causes[cause]++;
    this.#decisionMs.add(afterMs);
  }

  state(now: Pick<SamplingState, "traces" | "bytes" | "maxBytes" | "maxTraces">): SamplingState {
    return {
      ...now,
      sampled: { ...this.sampled },
      notSampled: { ...this.notSampled },
      causes: { ...this.causes },
      lateSpans: { ...this.lateSpans },
      decisionMs: this.#decisionMs.read(),
      latenessMs: this.latenessMs,
    };
  }
}
