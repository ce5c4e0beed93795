/** Whether a span of this trace and id was exported at all; remembers for two windows, and may wrongly say yes. */
import { KEY_WORDS } from "./id-words.ts";
import { hashPair, hashWords } from "./hash.ts";
import { LINE_WORDS, alignedWords } from "./record-words.ts";

export interface SeenSpans {
  readonly bytes: number;
  /**
   * Adds `count` spans; the ids of each begin with its trace id and span id, and those of the next stand `stride` words
   * further on. `repeated` gets 1 for each that was there before, as far as one window remembers.
   */
  add(ids: Uint32Array, stride: number, count: number, nowMs: number, repeated: Uint8Array): void;
  /** `key` begins with a trace id and a span id. */
  has(key: Uint32Array): boolean;
  /** Spans beyond what the filters hold well: the more there were, the more ghosts pass for exported spans. */
  overfilled(): number;
}

/** Bits of one entry, all in one block: five at random places would be five misses of the processor's cache. */
const PROBES = 5;
const BITS_PER_ENTRY = 10;
const BLOCK_WORDS: number = LINE_WORDS;
const BITS_PER_PROBE = 9;

/** Spans whose blocks are fetched together. */
const AT_ONCE = 32;

/** Two Bloom filters that take turns. A wrong yes hides a break and never invents one. */
export function createSeenSpans(budgetBytes: number, windowMs: number, seed: number): SeenSpans {
  let words = 64;
  while (words * 2 * 8 <= budgetBytes) words *= 2;
  const blockMask = words / BLOCK_WORDS - 1;
  let current = alignedWords(words);
  let before = alignedWords(words);
  let turnedMs = 0;
  let added = 0;
  let overfilled = 0;
  const hashes = new Int32Array(AT_ONCE);
  const fetched = new Uint32Array(1);
  const holds = (filter: Uint32Array, block: number, bits: number, more: number): boolean => {
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = placeOf(probe, bits, more);
      if (((filter[block + (bit >>> 5)] as number) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  };
  /** Adds one; whether it was there. */
  const put = (hash: number): boolean => {
    added += 1;
    if (added * BITS_PER_ENTRY > words * 32) overfilled += 1;
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
  };
  return {
    bytes: words * 8,
    add(ids, stride, count, nowMs, repeated) {
      if (nowMs - turnedMs > windowMs) {
        [current, before] = [before, current];
        current.fill(0);
        turnedMs = nowMs;
        added = 0;
      }
      for (let from = 0; from < count; from += AT_ONCE) {
        const until = Math.min(count, from + AT_ONCE);
        // Each block lies anywhere in memory: the loads of a loop that does nothing else wait for it together.
        for (let at = from; at < until; at += 1) hashes[at - from] = hashWords(ids, at * stride, KEY_WORDS, seed);
        for (let at = 0; at < until - from; at += 1) {
          fetched[0] = current[((hashes[at] as number) & blockMask) * BLOCK_WORDS] as number;
        }
        for (let at = from; at < until; at += 1) repeated[at] = put(hashes[at - from] as number) ? 1 : 0;
      }
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
