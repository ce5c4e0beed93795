/** Takes what must not leave out of every string of a batch: by attribute key, and by what secrets look like. */
import { defineRewriter } from "@tracemend/otlp";
import { refused } from "../outcome.ts";
import type { Stage } from "../stage.ts";
import { defineRedactPolicy } from "./redact/policy.ts";
import type { RedactOptions } from "./redact/policy.ts";

export interface RedactStageOptions {
  readonly policy: RedactOptions | undefined;
  /** Told of each batch in which something changed. */
  readonly redacted?: () => void;
}

/**
 * Profiles are refused: their strings stand in a dictionary nobody has looked through. Throws a TypeError that names a
 * wrong option.
 */
export function redact({ policy, redacted }: RedactStageOptions): Stage {
  if (policy === undefined) return (next) => next;
  const rewrite = defineRewriter(defineRedactPolicy(policy));
  return (next) => ({
    async accept(batch, signal) {
      if (batch.signal === "profiles") return refused("profiles cannot be redacted");
      const clean = rewrite(batch);
      if (clean !== batch) redacted?.();
      return next.accept(clean, signal);
    },
    close: (signal) => next.close(signal),
  });
}
