/** Bytes that requests being received may hold together, before anything has been decoded. */

import { systemClock } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { createDrainRate } from "../stages/drain-rate.ts";

export interface ByteBudget {
  /** What one request holds; nothing at first. */
  lease(): Lease;
  readonly usedBytes: number;
  /** How long until about half of what is held has been given back, at the rate of late. */
  untilFreeMs(): number;
}

export interface Lease {
  /** False, and nothing taken, when the budget is used up. */
  take(bytes: number): boolean;
  /** Gives back `bytes` of what was taken. */
  give(bytes: number): void;
  /** Gives back everything. */
  end(): void;
}

export function createByteBudget(
  maxBytes: number,
  clock: Clock = systemClock,
  random: () => number = Math.random,
): ByteBudget {
  const drain = createDrainRate(clock, random);
  let usedBytes = 0;
  return {
    get usedBytes() {
      return usedBytes;
    },
    untilFreeMs: () => drain.untilFreeMs(usedBytes / 2),
    lease() {
      let heldBytes = 0;
      const give = (bytes: number): void => {
        heldBytes -= bytes;
        usedBytes -= bytes;
        drain.drained(bytes);
      };
      return {
        take(bytes) {
          if (usedBytes + bytes > maxBytes) return false;
          heldBytes += bytes;
          usedBytes += bytes;
          return true;
        },
        give,
        end: () => give(heldBytes),
      };
    },
  };
}
