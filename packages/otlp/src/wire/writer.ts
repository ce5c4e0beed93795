/** Writes a message from its last byte to its first, so that every length is known when its prefix is due. */

import { writeHex } from "./hex.ts";
import { encodeCodePoint, isLoneSurrogate } from "./utf8.ts";

/** Values are given in reverse: what is written last comes first in the message. */
export class Writer {
  #bytes: Uint8Array;
  #pos: number;

  /** `memory`, or how many bytes will probably be written; what is written then grows into twice as much memory. */
  constructor(memory: Uint8Array | number = 256) {
    this.#bytes = typeof memory === "number" ? new Uint8Array(memory) : memory;
    this.#pos = this.#bytes.length;
  }

  /** The bytes written so far: a mark to measure a value from. */
  get length(): number {
    return this.#bytes.length - this.#pos;
  }

  /** The message; it shares the writer's memory. */
  finish(): Uint8Array {
    return this.#bytes.subarray(this.#pos);
  }

  /** Makes what was written since `mark` the value of length-delimited field `number`. */
  wrap(number: number, mark: number): void {
    this.varint(this.length - mark);
    this.tag(number, 2);
  }

  tag(number: number, wire: number): void {
    this.varint(number * 8 + wire);
  }

  /** A whole number from 0 to 2^53-1. */
  varint(value: number): void {
    if (value < 128) {
      const only = this.#take(1);
      this.#bytes[only] = value;
      return;
    }
    const size = varintBytes(value);
    let pos = this.#take(size);
    const bytes = this.#bytes;
    for (let rest = size; rest > 1; rest--) {
      bytes[pos++] = (value % 128) | 0x80;
      value = Math.floor(value / 128);
    }
    bytes[pos] = value;
  }

  /** The low 64 bits of `value`; negative numbers take ten bytes. */
  varint64(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    const septets: number[] = [];
    do {
      septets.push(Number(rest & 0x7fn));
      rest >>= 7n;
    } while (rest > 0n);
    let pos = this.#take(septets.length);
    septets.forEach((septet, index) => {
      this.#bytes[pos++] = index === septets.length - 1 ? septet : septet | 0x80;
    });
  }

  fixed32(value: number): void {
    const pos = this.#take(4);
    const bytes = this.#bytes;
    bytes[pos] = value;
    bytes[pos + 1] = value >>> 8;
    bytes[pos + 2] = value >>> 16;
    bytes[pos + 3] = value >>> 24;
  }

  fixed64(value: bigint): void {
    this.fixed32(Number(BigInt.asUintN(32, value >> 32n)));
    this.fixed32(Number(BigInt.asUintN(32, value)));
  }

  double(value: number): void {
    const pos = this.#take(8);
    new DataView(this.#bytes.buffer, this.#bytes.byteOffset + pos, 8).setFloat64(0, value, true);
  }

  /** The bytes that pairs of hexadecimal digits spell; false for anything else, and then what is written means nothing. */
  hex(digits: string): boolean {
    const size = digits.length / 2;
    if (!Number.isInteger(size)) return false;
    const pos = this.#take(size);
    return writeHex(this.#bytes, pos, digits);
  }

  /** The bytes from `start` to `end` of `source`, as they are. */
  copy(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    const pos = this.#take(size);
    // Not `subarray`, which asks what kind of array to make.
    if (size > 48) this.#bytes.set(new Uint8Array(source.buffer, source.byteOffset + start, size), pos);
    else for (let index = 0; index < size; index++) this.#bytes[pos + index] = source[start + index]!;
  }

  /** Ranges of `source`, given as start, end, start, end in the order they come out. */
  copyRanges(source: Uint8Array, ranges: readonly number[]): void {
    for (let index = ranges.length - 2; index >= 0; index -= 2) this.copy(source, ranges[index]!, ranges[index + 1]!);
  }

  /** UTF-8 without length or tag; an unpaired surrogate becomes U+FFFD. */
  text(value: string): void {
    let pos = this.#take(value.length);
    let index = value.length;
    const bytes = this.#bytes;
    pos += index;
    while (index > 0) {
      const code = value.charCodeAt(index - 1);
      if (code >= 0x80) break;
      bytes[--pos] = code;
      index--;
    }
    this.#pos = pos;
    while (index > 0) {
      let codePoint = value.charCodeAt(--index);
      if (isLoneSurrogate(codePoint) && index > 0 && value.codePointAt(index - 1)! > 0xffff) {
        codePoint = value.codePointAt(--index)!;
      }
      const encoded = encodeCodePoint(codePoint);
      this.copy(encoded, 0, encoded.length);
    }
  }

  stringField(number: number, value: string): void {
    const mark = this.length;
    this.text(value);
    this.wrap(number, mark);
  }

  bytesField(number: number, value: Uint8Array): void {
    const mark = this.length;
    this.copy(value, 0, value.length);
    this.wrap(number, mark);
  }

  varintField(number: number, value: number): void {
    this.varint(value);
    this.tag(number, 0);
  }

  #take(size: number): number {
    if (this.#pos < size) {
      const used = this.length;
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, used + size));
      grown.set(this.finish(), grown.length - used);
      this.#bytes = grown;
      this.#pos = grown.length - used;
    }
    this.#pos -= size;
    return this.#pos;
  }
}

/** How many bytes a varint takes; `value` from 0 to 2^53-1. */
export function varintBytes(value: number): number {
  let size = 1;
  while (value >= 128) {
    value = Math.floor(value / 128);
    size++;
  }
  return size;
}
