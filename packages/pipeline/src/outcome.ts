/** The four answers OTLP knows, as one value for every sink (OTLP 1.11, "OTLP/gRPC Response", "OTLP/HTTP Response"). */

export type Outcome =
  | { readonly kind: "accepted" }
  /** Taken, except `rejected` items that must not be sent again. */
  | { readonly kind: "partial"; readonly rejected: number; readonly message: string }
  /** Not taken now; the sender keeps the batch and may try again, not before `retryAfterMs` (0: the sender decides). */
  | { readonly kind: "busy"; readonly retryAfterMs: number }
  /**
   * Not taken, and sending it again would change nothing; unless `tooLarge`, when smaller batches may be taken, or
   * `divisible`, when it was for something in the batch and the rest may be taken.
   */
  | { readonly kind: "refused"; readonly message: string; readonly tooLarge?: boolean; readonly divisible?: boolean };

export const accepted: Outcome = Object.freeze({ kind: "accepted" });

export function busy(retryAfterMs: number): Outcome {
  return { kind: "busy", retryAfterMs };
}

export function refused(message: string): Outcome {
  return { kind: "refused", message };
}
