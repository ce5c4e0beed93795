/** What became of one head at one boundary. */
import type { Boundary } from "./boundary.ts";
import type { Edits } from "./edits.ts";
import type { OwnSpans } from "./judge.ts";
import type { Policy, Ruling } from "./policy.ts";
import type { Reading } from "./reading.ts";
import type { TraceContext } from "./trace-context.ts";
import type { Verdict } from "./verdict.ts";

/**
 * One head at one boundary. What is not needed to let it pass is worked out when it is first asked for, so its parts are to
 * be asked for by their names: a spread copies only those that are there already.
 */
export interface Passage {
  readonly boundary: Boundary;
  readonly reading: Reading;
  readonly verdict: Verdict;
  /** The verdict's: what the request goes on with; undefined where it has none. */
  readonly context: TraceContext | undefined;
  /** The verdict's. */
  readonly edits: Edits;
  /** Present only where the spans' ids may be used: they were granted and the trace is sampled. */
  readonly spans: OwnSpans | undefined;
  /** What it was judged by. Whoever judges it again does so by the same: uses of a signature and forced sampling are counted. */
  readonly policy: Policy;
  readonly ruling: Ruling;
}

/** The passage that comes of a verdict. */
export function createPassage(judged: Omit<Passage, "context" | "edits">): Passage {
  const { boundary, reading, verdict, spans, policy, ruling } = judged;
  const { context, edits } = verdict;
  return { boundary, reading, verdict, context, edits, spans, policy, ruling };
}
