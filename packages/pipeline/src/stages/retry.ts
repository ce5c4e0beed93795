/** Sends again what was answered `busy`: exponential back-off with jitter, never sooner than the peer asked. */
import { createDeadline, pause } from "../clock.ts";
import type { Clock } from "../clock.ts";
import type { Stage } from "../stage.ts";

export interface RetryOptions {
  readonly initialIntervalMs: number;
  readonly multiplier: number;
  /** A wait is drawn evenly from interval × (1 ± this). */
  readonly randomizationFactor: number;
  readonly maxIntervalMs: number;
  /** Cuts off a try that is under way so long after the first began, and starts none later; 0 never gives up. */
  readonly maxElapsedTimeMs: number;
  readonly clock: Clock;
  /** Even in [0, 1). */
  readonly random: () => number;
}

/** The last `busy` is passed on when the time is up or the signal aborts. */
export function retry(options: RetryOptions): Stage {
  const { clock, random, randomizationFactor, maxElapsedTimeMs } = options;
  return (next) => ({
    async accept(batch, signal) {
      const untilMs = maxElapsedTimeMs === 0 ? Infinity : clock.now() + maxElapsedTimeMs;
      const deadline = createDeadline(clock, maxElapsedTimeMs, signal);
      let intervalMs = options.initialIntervalMs;
      try {
        for (;;) {
          const outcome = await next.accept(batch, deadline.signal);
          if (outcome.kind !== "busy" || deadline.signal.aborted) return outcome;
          const jittered = intervalMs * (1 - randomizationFactor + 2 * randomizationFactor * random());
          const waitMs = Math.max(jittered, outcome.retryAfterMs);
          if (clock.now() + waitMs > untilMs) return outcome;
          await pause(clock, waitMs, signal);
          if (signal.aborted) return outcome;
          intervalMs = Math.min(intervalMs * options.multiplier, options.maxIntervalMs);
        }
      } finally {
        deadline.clear();
      }
    },
    close: (signal) => next.close(signal),
  });
}
