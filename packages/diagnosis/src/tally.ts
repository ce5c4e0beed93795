/** Counters over a sliding window, kept in slots of time so that what grows old falls out and what was wrong can be taken back. */

const SLOTS = 10;

export interface Tally {
  /** Adds to a counter at the time the thing happened; what is older than the window is passed over. */
  add(counter: number, atMs: number, by: number): void;
  /** The sum over the window that ends at `nowMs`. */
  sum(counter: number, nowMs: number): number;
}

/** Bytes one tally takes. */
export function tallyBytes(counters: number): number {
  return SLOTS * (counters * 4 + 8);
}

export function createTally(counters: number, windowMs: number): Tally {
  const slotMs = windowMs / SLOTS;
  const counts = new Int32Array(SLOTS * counters);
  const epochs = new Float64Array(SLOTS);
  /** Of what was added last: most falls into the same slot, and a remainder costs more than all else. */
  let lastEpoch = NaN;
  let lastAt = 0;
  return {
    add(counter, atMs, by) {
      const epoch = Math.floor(atMs / slotMs);
      if (epoch !== lastEpoch) {
        const slot = epoch % SLOTS;
        const current = epochs[slot] as number;
        if (epoch < current) return;
        if (epoch > current) {
          epochs[slot] = epoch;
          counts.fill(0, slot * counters, (slot + 1) * counters);
        }
        lastEpoch = epoch;
        lastAt = slot * counters;
      }
      counts[lastAt + counter] = (counts[lastAt + counter] as number) + by;
    },
    sum(counter, nowMs) {
      const newest = Math.floor(nowMs / slotMs);
      let sum = 0;
      for (let slot = 0; slot < SLOTS; slot += 1) {
        const epoch = epochs[slot] as number;
        if (epoch <= newest && epoch > newest - SLOTS) sum += counts[slot * counters + counter] as number;
      }
      return Math.max(0, sum);
    },
  };
}
