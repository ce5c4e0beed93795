/** Finds attributes in proven bytes by key, and reads their values. */

import { Cursor, readDouble, readInt64, readVarint } from "./wire/cursor.ts";
import { decodeUtf8, equalsUtf8 } from "./wire/utf8.ts";

export type AttributeValue = string | number | boolean;

const pair = new Cursor();
const any = new Cursor();

const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;

/** A varint of so many bytes has no more than 49 bits, and no sign. */
const EXACT_BYTES = 7;

/** The KeyValue message whose fields were looked at last, and what its key and value are. */
export class AttributeView {
  #bytes: Uint8Array = pair.bytes;
  #start = 0;
  #end = 0;
  #keyStart = 0;
  #keyEnd = 0;

  /** Looks at the KeyValue from `start` to `end`. Of several keys the last counts, as for every singular field. */
  open(bytes: Uint8Array, start: number, end: number): this {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    const length = bytes[start + 1]!;
    // Nearly all are a key and a value, both short: then nothing is left to look for.
    if (bytes[start] === KEY_TAG && length < 0x80) {
      const valueAt = start + 2 + length;
      const valueLength = bytes[valueAt + 1]!;
      if (bytes[valueAt] === VALUE_TAG && valueLength < 0x80 && valueAt + 2 + valueLength === end) {
        this.#keyStart = start + 2;
        this.#keyEnd = valueAt;
        return this;
      }
    }
    this.#keyStart = this.#keyEnd = start;
    pair.open(bytes, start, end);
    while (pair.next()) {
      if (pair.field !== 1) continue;
      this.#keyStart = pair.start;
      this.#keyEnd = pair.stop;
    }
    return this;
  }

  /** In bytes. */
  keyLength(): number {
    return this.#keyEnd - this.#keyStart;
  }

  hasKey(key: string): boolean {
    return equalsUtf8(this.#bytes, this.#keyStart, this.#keyEnd, key);
  }

  key(): string {
    return decodeUtf8(this.#bytes, this.#keyStart, this.#keyEnd);
  }

  /**
   * A string, a number (an integer beyond 2^53 is rounded) or a boolean; undefined for an empty value, bytes, arrays,
   * maps and references into a dictionary, which only profiles have. Value messages that repeat are merged, and the last
   * member of their oneof counts.
   */
  value(): AttributeValue | undefined {
    const bytes = this.#bytes;
    let member = 0;
    let start = 0;
    let stop = 0;
    pair.open(bytes, this.#start, this.#end);
    while (pair.next()) {
      if (pair.field !== 2) continue;
      any.open(bytes, pair.start, pair.stop);
      while (any.next()) {
        if (any.field > 8) continue;
        member = any.field;
        start = any.start;
        stop = any.stop;
      }
    }
    if (member === 1) return decodeUtf8(bytes, start, stop);
    if (member === 2) return !isZeroVarint(bytes, start, stop);
    if (member === 3) return stop - start <= EXACT_BYTES ? readVarint(bytes, start) : Number(readInt64(bytes, start));
    if (member === 4) return readDouble(bytes, start);
    return undefined;
  }
}

function isZeroVarint(bytes: Uint8Array, start: number, stop: number): boolean {
  return stop - start === 1 ? bytes[start] === 0 : readVarint(bytes, start) === 0;
}
