/** Looks several attributes of one message up in one pass, and reads their values only where they are asked for. */

import { type AttributeValue, AttributeView, PLAIN_KEY_AT, plainKeyStop } from "./attribute.ts";
import { Cursor } from "./wire/cursor.ts";

/**
 * Keys to look up together. Each has a number, from 1 on in the order of the places of their values, and is found by its
 * length and its last byte: hardly two share both.
 */
export interface AttributeKeys {
  readonly count: number;
  /** The last key of each bucket, and for each key the one before it in its bucket; 0 for none. */
  readonly heads: Uint16Array;
  readonly next: Uint16Array;
  readonly lengths: Uint32Array;
  /** Where the words of each key begin. */
  readonly wordsAt: Uint32Array;
  /**
   * The bytes of all keys, four to a word, the first lowest. The last word of a key holds its last four, some of them once
   * more; that of a shorter key ends in zeros.
   */
  readonly words: Int32Array;
}

const WORD_BYTES = 4;
const BUCKETS = 256;
const MOST_KEYS = 65_535;

/** Throws TypeError for a key that is not ASCII, and for more than 65,535. */
export function defineAttributeKeys(keys: readonly string[]): AttributeKeys {
  const count = keys.length;
  if (count > MOST_KEYS) throw new TypeError(`keys: no more than ${MOST_KEYS} can be looked up together: ${count}`);
  const heads = new Uint16Array(BUCKETS);
  const next = new Uint16Array(count + 1);
  const lengths = new Uint32Array(count + 1);
  const wordsAt = new Uint32Array(count + 1);
  const words: number[] = [];
  for (const [place, key] of keys.entries()) {
    for (let at = 0; at < key.length; at++)
      if (key.charCodeAt(at) > 0x7f) throw new TypeError(`keys: only ASCII can be looked up together: ${key}`);
    const number = place + 1;
    const { length } = key;
    lengths[number] = length;
    wordsAt[number] = words.length;
    words.push(...wordsOf(key));
    const bucket = bucketOf(length, length === 0 ? 0 : key.charCodeAt(length - 1));
    next[number] = heads[bucket]!;
    heads[bucket] = number;
  }
  return { count, heads, next, lengths, wordsAt, words: Int32Array.from(words) };
}

function wordsOf(key: string): number[] {
  const words: number[] = [];
  for (let at = 0; at < key.length || at === 0; at += WORD_BYTES) {
    const from = Math.max(0, Math.min(at, key.length - WORD_BYTES));
    let word = 0;
    for (let byte = 0; byte < WORD_BYTES; byte++) word |= (key.charCodeAt(from + byte) || 0) << (8 * byte);
    words.push(word);
  }
  return words;
}

function bucketOf(length: number, last: number): number {
  return (length * 5 + last) % BUCKETS;
}

const view = new AttributeView();
const cursor = new Cursor();
const NO_DATA = new DataView(new ArrayBuffer(0));

/** What was found among the bytes opened last, by place. */
export class FoundAttributes {
  bytes: Uint8Array = cursor.bytes;
  textStart = 0;
  textStop = 0;
  #data: DataView = NO_DATA;
  /** Where each attribute's message starts and stops; an absent one stops at 0. */
  readonly #starts: number[] = [];
  readonly #stops: number[] = [];

  /** Forgets what was found; the next looks are among these bytes. */
  open(keys: AttributeKeys, bytes: Uint8Array): this {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    for (let place = 0; place < keys.count; place++) this.#stops[place] = 0;
    return this;
  }

  /**
   * Looks among the fields of `number` between `start` and `stop`: attributes of which each is a KeyValue. Of several with
   * one key the first counts.
   */
  look(keys: AttributeKeys, start: number, stop: number, number: number): void {
    const { bytes } = this;
    const tag = (number << 3) | 2;
    const { heads } = keys;
    let pos = start;
    while (pos < stop) {
      const length = bytes[pos + 1]!;
      // Nearly all fields are short, and have one byte of tag and one of length.
      if ((bytes[pos]! & 0x87) === 2 && length < 0x80) {
        const from = pos + 2;
        const isAttribute = bytes[pos] === tag;
        pos = from + length;
        if (!isAttribute) continue;
        const keyStop = plainKeyStop(bytes, from, pos);
        if (keyStop === 0) this.#see(keys, from, pos);
        else {
          const keyStart = from + PLAIN_KEY_AT;
          const first = heads[bucketOf(keyStop - keyStart, bytes[keyStop - 1]!)]!;
          if (first !== 0) this.#take(keys, first, from, pos, keyStart, keyStop);
        }
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
    const length = keyStop - keyStart;
    const first = keys.heads[bucketOf(length, length === 0 ? 0 : this.bytes[keyStop - 1]!)]!;
    this.#take(keys, first, start, stop, keyStart, keyStop);
  }

  /** `first`: the key with which its bucket begins. */
  #take(keys: AttributeKeys, first: number, start: number, stop: number, keyStart: number, keyStop: number): void {
    const { next, lengths, words, wordsAt } = keys;
    for (let number = first; number !== 0; number = next[number]!) {
      if (lengths[number] !== keyStop - keyStart || this.#stops[number - 1] !== 0) continue;
      if (!this.#isKey(words, wordsAt[number]!, keyStart, keyStop)) continue;
      this.#starts[number - 1] = start;
      this.#stops[number - 1] = stop;
    }
  }

  #isKey(words: Int32Array, wordsAt: number, start: number, stop: number): boolean {
    const last = stop - WORD_BYTES;
    if (last < start) return shortWord(this.bytes, start, stop) === words[wordsAt];
    const data = this.#data;
    let word = wordsAt;
    for (let at = start; at < last; at += WORD_BYTES) if (data.getInt32(at, true) !== words[word++]) return false;
    return data.getInt32(last, true) === words[word];
  }
}

function shortWord(bytes: Uint8Array, start: number, stop: number): number {
  let word = 0;
  for (let at = stop - 1; at >= start; at--) word = (word << 8) | bytes[at]!;
  return word;
}
