/** Remembers what a rule says of attribute keys, so that a key seen before is neither decoded nor judged again. */

import { decodeUtf8 } from "./wire/utf8.ts";

interface Known<Verdict> {
  readonly bytes: Uint8Array;
  readonly verdict: Verdict;
}

/** Senders choose their keys, so there may be no end of them. */
const maxKnown = 4_096;

export class KeyVerdicts<Verdict> {
  readonly #judge: (key: string) => Verdict;
  /** One key for each hash: one that collides takes the place of the other. */
  readonly #known = new Map<number, Known<Verdict>>();

  constructor(judge: (key: string) => Verdict) {
    this.#judge = judge;
  }

  of(bytes: Uint8Array, start: number, stop: number): Verdict {
    const hash = hashOf(bytes, start, stop);
    const known = this.#known.get(hash);
    if (known !== undefined && equals(known.bytes, bytes, start, stop)) return known.verdict;
    const verdict = this.#judge(decodeUtf8(bytes, start, stop));
    if (this.#known.size === maxKnown) this.#known.clear();
    this.#known.set(hash, { bytes: bytes.slice(start, stop), verdict });
    return verdict;
  }
}

/** Of the length and a few bytes from either end, where keys differ: a collision costs one decoding. */
function hashOf(bytes: Uint8Array, start: number, stop: number): number {
  const size = stop - start;
  let hash = size;
  for (let index = 0; index < 4 && index < size; index++) {
    hash = (Math.imul(hash, 31) + bytes[start + index]!) | 0;
    hash = (Math.imul(hash, 31) + bytes[stop - 1 - index]!) | 0;
  }
  return (Math.imul(hash, 31) + (bytes[start + (size >> 1)] ?? 0)) | 0;
}

function equals(known: Uint8Array, bytes: Uint8Array, start: number, stop: number): boolean {
  if (known.length !== stop - start) return false;
  for (let index = 0; index < known.length; index++) if (known[index] !== bytes[start + index]) return false;
  return true;
}
