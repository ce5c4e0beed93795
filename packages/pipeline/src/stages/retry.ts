/** Sends again what was answered `busy`: exponential back-off with jitter, never sooner than the peer asked. */
import { pause } from "../clock.ts";
import type { Clock } from "../clock.ts";
import type { Stage } from "../stage.ts";

export interface RetryOptions {
  readonly initialIntervalMs: number;
  readonly multiplier: number;
  /** A wait is drawn evenly from interval × (1 ± this). */
  readonly randomizationFactor: number;
  readonly maxIntervalMs: number;
  /** Gives up when the next try would start later than this after the first; 0 never gives up. */
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
      const startedMs = clock.now();
      let intervalMs = options.initialIntervalMs;
      for (;;) {
        const outcome = await next.accept(batch, signal);
        if (outcome.kind !== "busy" || signal.aborted) return outcome;
        const jittered = intervalMs * (1 - randomizationFactor + 2 * randomizationFactor * random());
        const waitMs = Math.max(jittered, outcome.retryAfterMs);
        if (maxElapsedTimeMs > 0 && clock.now() - startedMs + waitMs > maxElapsedTimeMs) return outcome;
        await pause(clock, waitMs, signal);
        if (signal.aborted) return outcome;
        intervalMs = Math.min(intervalMs * options.multiplier, options.maxIntervalMs);
      }
    },
    close: (signal) => next.close(signal),
  });
}
