/** A batch that waits until all of its traces are decided. */
import type { Batch } from "@tracemend/otlp";
import type { Outcome } from "../outcome.ts";
import type { Choice } from "./choice.ts";

export interface Held {
  readonly batch: Batch;
  /** For each span, in the order of the bytes: its trace, or what was decided on it before. */
  readonly traces: readonly { readonly choice: Choice | undefined }[];
  /** How many of its traces are not decided. */
  undecided: number;
  readonly signal: AbortSignal;
  readonly outcome: PromiseWithResolvers<Outcome>;
}
