/** What is decided about a trace, and how a batch leaves by it. */
import { rewriteTracestates, selectSpans } from "@tracemend/otlp";
import type { Batch, SpanView } from "@tracemend/otlp";
import { readOt, writeThreshold } from "./ot-member.ts";
import { keepAll, randomnessOf } from "./threshold.ts";

export interface Choice {
  readonly sampled: boolean;
  /** The policy that decided. */
  readonly policy: string;
  /** Which randomness is kept by it; undefined where nobody can tell. */
  readonly threshold: string | undefined;
  /** To be told of more spans of the trace. */
  readonly take?: (spans: number) => void;
}

export interface Chosen {
  /** What is left, with the thresholds by which it was kept in its tracestate. */
  readonly batch: Batch;
  /** Spans left out, by policy. */
  readonly left: ReadonlyMap<string, number>;
}

/** Asks `choose` once for every span, in the order of the bytes. */
export function applyChoices(batch: Batch, choose: (span: SpanView) => Choice): Chosen {
  const left = new Map<string, number>();
  const texts: (string | undefined)[] = [];
  let edited = false;
  const kept = selectSpans(batch, (span) => {
    const choice = choose(span);
    if (!choice.sampled) {
      left.set(choice.policy, (left.get(choice.policy) ?? 0) + 1);
      return false;
    }
    const text = tracestateOf(span, choice.threshold);
    edited ||= text !== undefined;
    texts.push(text);
    return true;
  });
  let at = 0;
  return { batch: edited ? rewriteTracestates(kept, () => texts[at++]) : kept, left };
}

/** A threshold is raised, never lowered; undefined where it stays. */
function tracestateOf(span: SpanView, threshold: string | undefined): string | undefined {
  const text = span.tracestate();
  const { threshold: before, randomness = randomnessOf(span.traceId()) } = readOt(text);
  if (threshold === undefined) return before === undefined ? undefined : writeThreshold(text, undefined);
  // A span that is there although its threshold says that it is not: that threshold is not true.
  const claimed = before !== undefined && before <= randomness ? before : undefined;
  const target = claimed !== undefined && claimed > threshold ? claimed : threshold;
  if (target === before) return undefined;
  if (target === keepAll) return before === undefined ? undefined : writeThreshold(text, undefined);
  return writeThreshold(text, target);
}
