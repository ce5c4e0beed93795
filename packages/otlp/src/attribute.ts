/** Finds attributes in proven bytes by key, and reads their values. */

import { Cursor, readDouble, readInt64, readVarint } from "./wire/cursor.ts";
import { decodeUtf8, equalsUtf8 } from "./wire/utf8.ts";

export type AttributeValue = string | number | boolean;

const pair = new Cursor();
const any = new Cursor();

const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;
const TEXT_TAG = 0x0a;
const WHOLE_TAG = 0x18;

/** Members of AnyValue. */
const TEXT = 1;
const FLAG = 2;
const WHOLE = 3;
const FRACTION = 4;

/** A varint of so many bytes has no more than 49 bits, and no sign. */
const EXACT_BYTES = 7;

/** Where the key of a plain KeyValue starts in it. */
export const PLAIN_KEY_AT = 2;

/**
 * Nearly every KeyValue is plain: a key and a value in this order, both short, and nothing else. Where the key of such a
 * one stops; 0 for another.
 */
export function plainKeyStop(bytes: Uint8Array, start: number, end: number): number {
  const length = bytes[start + 1]!;
  if (bytes[start] !== KEY_TAG || length >= 0x80) return 0;
  const valueAt = start + PLAIN_KEY_AT + length;
  const valueLength = bytes[valueAt + 1]!;
  return bytes[valueAt] === VALUE_TAG && valueLength < 0x80 && valueAt + 2 + valueLength === end ? valueAt : 0;
}

/** The KeyValue message whose fields were looked at last, and what its key and value are. */
export class AttributeView {
  #bytes: Uint8Array = pair.bytes;
  #start = 0;
  #end = 0;
  /** Where the key is. */
  keyStart = 0;
  keyStop = 0;
  /** Where the value is, once it was looked at. */
  valueStart = 0;
  valueStop = 0;
  /** Which member of AnyValue it is. */
  #member = 0;
  /** The message is a key and a value, in this order. */
  #isPlain = false;

  /** Looks at the KeyValue from `start` to `end`. Of several keys the last counts, as for every singular field. */
  open(bytes: Uint8Array, start: number, end: number): this {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    const keyStop = plainKeyStop(bytes, start, end);
    if (keyStop !== 0) {
      this.keyStart = start + PLAIN_KEY_AT;
      this.keyStop = keyStop;
      this.#isPlain = true;
      return this;
    }
    this.keyStart = this.keyStop = start;
    this.#isPlain = false;
    pair.open(bytes, start, end);
    while (pair.next()) {
      if (pair.field !== 1) continue;
      this.keyStart = pair.start;
      this.keyStop = pair.stop;
    }
    return this;
  }

  hasKey(key: string): boolean {
    return equalsUtf8(this.#bytes, this.keyStart, this.keyStop, key);
  }

  key(): string {
    return decodeUtf8(this.#bytes, this.keyStart, this.keyStop);
  }

  /**
   * A string, a number (an integer beyond 2^53 is rounded) or a boolean; undefined for an empty value, bytes, arrays,
   * maps and references into a dictionary, which only profiles have. Value messages that repeat are merged, and the last
   * member of their oneof counts.
   */
  value(): AttributeValue | undefined {
    this.#locateValue();
    const bytes = this.#bytes;
    const start = this.valueStart;
    const stop = this.valueStop;
    switch (this.#member) {
      case TEXT:
        return decodeUtf8(bytes, start, stop);
      case FLAG:
        return !isZeroVarint(bytes, start, stop);
      case WHOLE:
        return stop - start <= EXACT_BYTES ? readVarint(bytes, start) : Number(readInt64(bytes, start));
      case FRACTION:
        return readDouble(bytes, start);
      default:
        return undefined;
    }
  }

  /** Whether the value is a text; then its bytes are from `valueStart` to `valueStop`. */
  isText(): boolean {
    this.#locateValue();
    return this.#member === TEXT;
  }

  /** Whether the AnyValue that starts at `start` is nothing but a text or an integer. */
  #locateOnly(start: number): boolean {
    const bytes = this.#bytes;
    const tag = bytes[start];
    if (tag === TEXT_TAG) {
      const length = bytes[start + 1]!;
      if (length >= 0x80 || start + 2 + length !== this.#end) return false;
      this.#member = TEXT;
      this.valueStart = start + 2;
    } else if (tag === WHOLE_TAG) {
      let last = start + 1;
      while (bytes[last]! >= 0x80) last++;
      if (last + 1 !== this.#end) return false;
      this.#member = WHOLE;
      this.valueStart = start + 1;
    } else return false;
    this.valueStop = this.#end;
    return true;
  }

  #locateValue(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    // Behind a key comes the value, which nearly always is one short text or one integer.
    if (this.#isPlain && this.#locateOnly(this.keyStop + 2)) return;
    this.#member = 0;
    pair.open(bytes, this.#start, end);
    while (pair.next()) {
      if (pair.field !== 2) continue;
      any.open(bytes, pair.start, pair.stop);
      while (any.next()) {
        if (any.field > 8) continue;
        this.#member = any.field;
        this.valueStart = any.start;
        this.valueStop = any.stop;
      }
    }
  }
}

function isZeroVarint(bytes: Uint8Array, start: number, stop: number): boolean {
  return stop - start === 1 ? bytes[start] === 0 : readVarint(bytes, start) === 0;
}
