/** Whether a span of this trace and id was exported at all; remembers for two windows, and may wrongly say yes. */
import { KEY_WORDS } from "./id-words.ts";
import { hashPair, hashWords } from "./hash.ts";

export interface SeenSpans {
  readonly bytes: number;
  /** `key` begins with a trace id and a span id. */
  /** Whether it was there before, as far as one window remembers. */
  add(key: Uint32Array, nowMs: number): boolean;
  has(key: Uint32Array): boolean;
  /** Spans beyond what the filters hold well: the more there were, the more ghosts pass for exported spans. */
  overfilled(): number;
}

/** Bits of one entry, all in one block: five at random places would be five misses of the processor's cache. */
const PROBES = 5;
const BITS_PER_ENTRY = 10;
const BLOCK_WORDS = 16;
const BITS_PER_PROBE = 9;

/** Two Bloom filters that take turns. A wrong yes hides a break and never invents one. */
export function createSeenSpans(budgetBytes: number, windowMs: number, seed: number): SeenSpans {
  let words = 64;
  while (words * 2 * 8 <= budgetBytes) words *= 2;
  const blockMask = words / BLOCK_WORDS - 1;
  let current = new Uint32Array(words);
  let before = new Uint32Array(words);
  let turnedMs = 0;
  let added = 0;
  let overfilled = 0;
  const holds = (filter: Uint32Array, block: number, bits: number, more: number): boolean => {
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = placeOf(probe, bits, more);
      if (((filter[block + (bit >>> 5)] as number) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  };
  return {
    bytes: words * 8,
    add(key, nowMs) {
      if (nowMs - turnedMs > windowMs) {
        [current, before] = [before, current];
        current.fill(0);
        turnedMs = nowMs;
        added = 0;
      }
      added += 1;
      if (added * BITS_PER_ENTRY > words * 32) overfilled += 1;
      const hash = hashWords(key, 0, KEY_WORDS, seed);
      const block = (hash & blockMask) * BLOCK_WORDS;
      const bits = hashPair(hash, 1, seed);
      const more = hashPair(hash, 2, seed);
      const filter = current;
      let missing = 0;
      for (let probe = 0; probe < PROBES; probe += 1) {
        const bit = placeOf(probe, bits, more);
        const at = block + (bit >>> 5);
        const word = filter[at] as number;
        missing |= ~word & (1 << (bit & 31));
        filter[at] = word | (1 << (bit & 31));
      }
      return missing === 0;
    },
    has(key) {
      const hash = hashWords(key, 0, KEY_WORDS, seed);
      const block = (hash & blockMask) * BLOCK_WORDS;
      const bits = hashPair(hash, 1, seed);
      const more = hashPair(hash, 2, seed);
      return holds(current, block, bits, more) || holds(before, block, bits, more);
    },
    overfilled: () => overfilled,
  };
}

/** The bit of a probe within its block: three come from one mix of the hash, the others from a second. */
function placeOf(probe: number, bits: number, more: number): number {
  const source = probe < 3 ? bits : more;
  return (source >>> (BITS_PER_PROBE * (probe % 3))) & (BLOCK_WORDS * 32 - 1);
}
