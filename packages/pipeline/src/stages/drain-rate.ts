/** How fast a queue drains, so that a sender told to wait is told how long. */
import type { Clock } from "../clock.ts";

export interface DrainRate {
  /** Bytes left the queue. */
  drained(bytes: number): void;
  /**
   * How long until `bytes` more have left, and up to half as long again, so that those told at once do not come back at
   * once: in whole seconds of milliseconds, between one second and thirty.
   */
  untilFreeMs(bytes: number): number;
}

const windowMs = 5_000;
const leastMs = 1_000;
const mostMs = 30_000;

/** `random` is even in [0, 1). */
export function createDrainRate(clock: Clock, random: () => number = Math.random): DrainRate {
  // Two windows: the last whole one, and the one being filled.
  let startedMs = clock.now();
  let filling = 0;
  let last = 0;

  const roll = (): void => {
    const ageMs = clock.now() - startedMs;
    if (ageMs < windowMs) return;
    last = ageMs < 2 * windowMs ? filling : 0;
    filling = 0;
    startedMs = clock.now();
  };

  return {
    drained(bytes) {
      roll();
      filling += bytes;
    },
    untilFreeMs(bytes) {
      roll();
      const bytesPerMs = (last + filling) / (windowMs + (clock.now() - startedMs));
      const ms = (bytesPerMs === 0 ? mostMs / 6 : bytes / bytesPerMs) * (1 + random() / 2);
      // Retry-After carries whole seconds (RFC 9110 §10.2.3).
      return Math.min(mostMs, Math.max(leastMs, Math.ceil(ms / 1_000) * 1_000));
    },
  };
}
