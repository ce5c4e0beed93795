/** Bytes that requests being received may hold together, before anything has been decoded. */

import { systemClock } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { createMemory, hold, release } from "../memory.ts";
import { createDrainRate } from "../stages/drain-rate.ts";

export interface ByteBudget {
  /** What one request holds; nothing at first. */
  lease(): Lease;
  readonly usedBytes: number;
  /** How long until about half of what is held has been given back, at the rate of late. */
  untilFreeMs(): number;
}

export interface Lease {
  /** Memory of at least so many bytes that begins as `before` does, which goes; undefined when the budget is used up. */
  grow(bytes: number, before?: Held): Held | undefined;
  /** What was held is not needed any more. */
  give(held: Held): void;
  /** Gives back everything: nobody reads it any more. */
  end(): void;
}

export interface Held {
  readonly bytes: Buffer<ArrayBuffer>;
  /** Counted against the budget. The memory may have a little more. */
  readonly countedBytes: number;
}

/** Of the memory of requests that are done so much is kept for the next. */
const keptBytes = 16 * 1024 * 1024;

export function createByteBudget(
  maxBytes: number,
  clock: Clock = systemClock,
  random: () => number = Math.random,
): ByteBudget {
  const drain = createDrainRate(clock, random);
  const memory = createMemory(keptBytes);
  let usedBytes = 0;
  return {
    get usedBytes() {
      return usedBytes;
    },
    untilFreeMs: () => drain.untilFreeMs(usedBytes / 2),
    lease() {
      const held = new Set<Held>();
      const give = (one: Held): void => {
        if (!held.delete(one)) return;
        usedBytes -= one.countedBytes;
        drain.drained(one.countedBytes);
        release([one.bytes]);
      };
      return {
        grow(bytes, before) {
          if (usedBytes + bytes - (before?.countedBytes ?? 0) > maxBytes) return undefined;
          const grown = { bytes: memory.take(bytes), countedBytes: bytes };
          hold([grown.bytes]);
          held.add(grown);
          usedBytes += bytes;
          if (before === undefined) return grown;
          grown.bytes.set(before.bytes.subarray(0, before.countedBytes));
          held.delete(before);
          usedBytes -= before.countedBytes;
          release([before.bytes]);
          return grown;
        },
        give,
        end() {
          for (const one of held) give(one);
        },
      };
    },
  };
}
