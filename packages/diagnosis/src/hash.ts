/** Hashes of id words and of texts, of 32 bits with a sign: for indexes, and for exact joins on texts that are not kept. */

/** Mixes one word into a running hash (the round and the finish of MurmurHash3, 32 bit). */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

export function hashWords(words: Uint32Array, from: number, count: number, seed: number): number {
  let hash = seed | 0;
  for (let at = from; at < from + count; at += 1) hash = mix(hash, words[at] as number);
  return finish(hash);
}

let lastHigh = 0;
let lastLow = 0;
let lastSeed = 0;
let lastHash: number = hashWords(new Uint32Array(2), 0, 2, 0);

/** Of two words, like `hashWords`: one id is looked for in several indexes in a row, and hashed for the first. */
export function hashId(words: Uint32Array, at: number, seed: number): number {
  // Whole numbers of 32 bits with a sign are kept without an object of their own.
  const high = (words[at] as number) | 0;
  const low = (words[at + 1] as number) | 0;
  if (high !== lastHigh || low !== lastLow || seed !== lastSeed) {
    lastHigh = high;
    lastLow = low;
    lastSeed = seed;
    lastHash = finish(mix(mix(seed | 0, high), low));
  }
  return lastHash;
}

export function hashPair(first: number, second: number, seed: number): number {
  return finish(mix(mix(seed | 0, first), second));
}

/** 64 bits of a text as two words: two texts with the same pair are taken to be the same. Never the pair 0, 0. */
export function hashText(text: string, into: Uint32Array, at: number): void {
  let first = SHORT_START;
  let second = 0x9747b28c;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    first = addByte(first, code);
    second = Math.imul((second << 5) ^ (second >>> 27) ^ code, 0x85ebca6b);
  }
  into[at] = finish(first) | 1;
  into[at + 1] = finish(second ^ text.length);
}

/** Where hashing a text begins that is told in several parts. */
export const SHORT_START: number = 0x811c9dc5;

export function addByte(running: number, byte: number): number {
  return Math.imul(running ^ byte, 0x01000193);
}

export function addBytes(running: number, bytes: Uint8Array, start: number, stop: number): number {
  let hash = running;
  for (let at = start; at < stop; at += 1) hash = addByte(hash, bytes[at] as number);
  return hash;
}

/** `hashShort` of the text whose bytes were added; of UTF-8 that is not ASCII another number, the same for the same bytes. */
export function endShort(running: number): number {
  return (finish(running) | 1) >>> 0;
}

const words = new Uint32Array(2);

/** 32 bits of a text, never 0: enough where other evidence has to agree. */
export function hashShort(text: string): number {
  hashText(text, words, 0);
  return words[0] as number;
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
