/** Waits between attempts to connect: short at first, for a peer that only restarts, and never in step with others. */

const firstMs = 50;
/** An attempt is cheap, and what waits for the connection waits no longer than this once the peer is back. */
const mostMs = 1_000;

export interface Backoff {
  /** The wait before the next attempt. */
  nextMs(): number;
  /** A connection held: start over. */
  reset(): void;
}

export function createBackoff(random: () => number): Backoff {
  let intervalMs = firstMs;
  return {
    nextMs() {
      const waitMs = intervalMs * (0.5 + random() / 2);
      intervalMs = Math.min(intervalMs * 2, mostMs);
      return waitMs;
    },
    reset() {
      intervalMs = firstMs;
    },
  };
}
