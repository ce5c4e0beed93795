/** Looks several attributes of one message up in one pass, and reads their values only where they are asked for. */

import { type AttributeValue, AttributeView } from "./attribute.ts";
import { Cursor } from "./wire/cursor.ts";

/** Keys to look up together, by the length of their UTF-8 form and its last byte: hardly two share both. */
export interface AttributeKeys {
  readonly count: number;
  readonly buckets: readonly (readonly AttributeKey[])[];
}

interface AttributeKey {
  /** Its place among the values. */
  readonly place: number;
  readonly length: number;
  /** Its bytes, four to a word, the first lowest; the last word holds the last four, some of them once more. */
  readonly words: Int32Array;
}

const WORD_BYTES = 4;
const BUCKETS = 256;

/** Throws TypeError for a key that is not ASCII. */
export function defineAttributeKeys(keys: readonly string[]): AttributeKeys {
  const buckets = Array.from({ length: BUCKETS }, (): AttributeKey[] => []);
  for (const [place, key] of keys.entries()) {
    for (let at = 0; at < key.length; at++)
      if (key.charCodeAt(at) > 0x7f) throw new TypeError(`keys: only ASCII can be looked up together: ${key}`);
    const { length } = key;
    const last = length === 0 ? 0 : key.charCodeAt(length - 1);
    buckets[bucketOf(length, last)]!.push({ place, length, words: wordsOf(key) });
  }
  return { count: keys.length, buckets };
}

function bucketOf(length: number, last: number): number {
  return (length * 5 + last) % BUCKETS;
}

/** A key of less than four bytes has a word for each. */
function wordsOf(key: string): Int32Array {
  if (key.length < WORD_BYTES) return Int32Array.from(key, (character) => character.charCodeAt(0));
  const words = new Int32Array(Math.ceil(key.length / WORD_BYTES));
  for (let word = 0; word < words.length; word++) {
    const at = wordAt(word, key.length);
    for (let byte = WORD_BYTES - 1; byte >= 0; byte--) words[word] = (words[word]! << 8) | key.charCodeAt(at + byte);
  }
  return words;
}

function wordAt(word: number, length: number): number {
  return Math.min(word * WORD_BYTES, length - WORD_BYTES);
}

const view = new AttributeView();
const cursor = new Cursor();
const NO_DATA = new DataView(new ArrayBuffer(0));

/** What the last look found, by place; to be read before the next. */
export class FoundAttributes {
  bytes: Uint8Array = cursor.bytes;
  textStart = 0;
  textStop = 0;
  #data: DataView = NO_DATA;
  /** Where each attribute's message starts and stops; an absent one stops at 0. */
  readonly #starts: number[] = [];
  readonly #stops: number[] = [];

  /**
   * Looks among the fields of `number` between `start` and `stop`: attributes of which each is a KeyValue. Of several with
   * one key the first counts.
   */
  look(keys: AttributeKeys, bytes: Uint8Array, start: number, stop: number, number: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    for (let place = 0; place < keys.count; place++) this.#stops[place] = 0;
    const tag = (number << 3) | 2;
    let pos = start;
    while (pos < stop) {
      const length = bytes[pos + 1]!;
      // Nearly all fields are short, and have one byte of tag and one of length.
      if ((bytes[pos]! & 0x87) === 2 && length < 0x80) {
        const from = pos + 2;
        if (bytes[pos] === tag) this.#see(keys, from, from + length);
        pos = from + length;
        continue;
      }
      cursor.open(bytes, pos, stop).next();
      pos = cursor.stop;
      if (cursor.field === number) this.#see(keys, cursor.start, pos);
    }
  }

  /** Like the value of an attribute. */
  value(place: number): AttributeValue | undefined {
    return this.#stops[place] === 0 ? undefined : this.#open(place).value();
  }

  /** Whether a value is a text; then it is from `textStart` to `textStop` among the `bytes`. */
  isText(place: number): boolean {
    if (this.#stops[place] === 0 || !this.#open(place).isText()) return false;
    this.textStart = view.valueStart;
    this.textStop = view.valueStop;
    return true;
  }

  #open(place: number): AttributeView {
    return view.open(this.bytes, this.#starts[place]!, this.#stops[place]!);
  }

  #see(keys: AttributeKeys, start: number, stop: number): void {
    const { keyStart, keyStop } = view.open(this.bytes, start, stop);
    const keyLength = keyStop - keyStart;
    const known = keys.buckets[bucketOf(keyLength, keyLength === 0 ? 0 : this.bytes[keyStop - 1]!)]!;
    for (let at = 0; at < known.length; at++) {
      const { place, length, words } = known[at]!;
      if (length !== keyLength || this.#stops[place] !== 0 || !this.#isKey(words, keyStart, keyStop)) continue;
      this.#starts[place] = start;
      this.#stops[place] = stop;
    }
  }

  #isKey(words: Int32Array, start: number, stop: number): boolean {
    const length = stop - start;
    for (let word = 0; word < words.length; word++) {
      const found =
        length < WORD_BYTES ? this.bytes[start + word]! : this.#data.getInt32(start + wordAt(word, length), true);
      if (found !== words[word]) return false;
    }
    return true;
  }
}
