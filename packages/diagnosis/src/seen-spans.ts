/** Whether a span of this trace and id was exported at all; remembers for two windows, and may wrongly say yes. */
import { KEY_WORDS } from "./id-words.ts";
import { hashWords } from "./hash.ts";

export interface SeenSpans {
  readonly bytes: number;
  /** `key` is a trace id and a span id. */
  add(key: Uint32Array, nowMs: number): void;
  has(key: Uint32Array): boolean;
}

const PROBES = 5;

/** Two Bloom filters that take turns. A wrong yes hides a break and never invents one. */
export function createSeenSpans(budgetBytes: number, windowMs: number, seed: number): SeenSpans {
  let words = 64;
  while (words * 2 * 8 <= budgetBytes) words *= 2;
  const mask = words * 32 - 1;
  let current = new Uint32Array(words);
  let before = new Uint32Array(words);
  let turnedMs = 0;
  const holds = (filter: Uint32Array, first: number, step: number): boolean => {
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = (first + Math.imul(probe, step)) & mask;
      if (((filter[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false;
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
      }
      const first = hashWords(key, 0, KEY_WORDS, seed);
      const step = hashWords(key, 0, KEY_WORDS, ~seed) | 1;
      for (let probe = 0; probe < PROBES; probe += 1) {
        const bit = (first + Math.imul(probe, step)) & mask;
        current[bit >>> 5] = (current[bit >>> 5] as number) | (1 << (bit & 31));
      }
    },
    has(key) {
      const first = hashWords(key, 0, KEY_WORDS, seed);
      const step = hashWords(key, 0, KEY_WORDS, ~seed) | 1;
      return holds(current, first, step) || holds(before, first, step);
    },
  };
}
