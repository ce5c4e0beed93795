/** How fast a queue drains, so that a sender told to wait is told how long. */
import type { Clock } from "../clock.ts";

export interface DrainRate {
  /** Bytes left the queue. */
  drained(bytes: number): void;
  /** How long until `bytes` more have left, in whole seconds of milliseconds, between one second and thirty. */
  untilFreeMs(bytes: number): number;
}

const windowMs = 5_000;
const leastMs = 1_000;
const mostMs = 30_000;

export function createDrainRate(clock: Clock): DrainRate {
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
      if (bytesPerMs === 0) return mostMs / 6;
      // Retry-After carries whole seconds (RFC 9110 §10.2.3).
      return Math.min(mostMs, Math.max(leastMs, Math.ceil(bytes / bytesPerMs / 1_000) * 1_000));
    },
  };
}
