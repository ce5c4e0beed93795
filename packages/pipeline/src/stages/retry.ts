/** Sends again what was answered `busy`: exponential back-off with jitter, never sooner than the peer asked. */
import { createDeadline, pause } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { busy } from "../outcome.ts";
import type { Reachability } from "../reachability.ts";
import type { Stage } from "../stage.ts";

export interface RetryOptions {
  readonly initialIntervalMs: number;
  readonly multiplier: number;
  /** A wait is drawn evenly from interval × (1 ± this). */
  readonly randomizationFactor: number;
  readonly maxIntervalMs: number;
  /** Starts no try later than this after the first could have begun; 0 never gives up. A try under way is not cut off. */
  readonly maxElapsedTimeMs: number;
  /** Waited for before each try, so that a lost peer is tried as soon as it is back. */
  readonly connection: Pick<Reachability, "connected" | "whenConnected">;
  readonly clock: Clock;
  /** Even in [0, 1). */
  readonly random: () => number;
}

/** The last `busy` is passed on when the time is up or the signal aborts. */
export function retry(options: RetryOptions): Stage {
  const { connection, clock, random, randomizationFactor, maxElapsedTimeMs } = options;
  return (next) => ({
    async accept(batch, signal) {
      const untilMs = maxElapsedTimeMs === 0 ? Infinity : clock.now() + maxElapsedTimeMs;
      const deadline = createDeadline(clock, maxElapsedTimeMs, signal);
      let intervalMs = options.initialIntervalMs;
      let outcome = busy(0);
      try {
        for (;;) {
          if (!connection.connected) await connection.whenConnected(deadline.signal);
          if (deadline.signal.aborted) return outcome;
          outcome = await next.accept(batch, signal);
          if (outcome.kind !== "busy" || signal.aborted) return outcome;
          const jittered = intervalMs * (1 - randomizationFactor + 2 * randomizationFactor * random());
          const waitMs = Math.max(jittered, outcome.retryAfterMs);
          if (clock.now() + waitMs > untilMs) return outcome;
          await pause(clock, waitMs, signal);
          intervalMs = Math.min(intervalMs * options.multiplier, options.maxIntervalMs);
        }
      } finally {
        deadline.clear();
      }
    },
    close: (signal) => next.close(signal),
  });
}
