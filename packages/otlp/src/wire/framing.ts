/** Proves that bytes are well-formed messages of a known type, so that later stages may trust every offset in them. */

import { type Field, type MessageType, messageTypes } from "./fields.ts";

/**
 * What is wrong with the bytes. `truncated`: a value ends behind its message. `overrun`: a length reaches behind its
 * message. `varint`: more than 64 bits. `tag`: a field number outside 1 … 2^29-1. `wire-type`: 6, 7, or not the one
 * this field has. `group`: an end without its start, or the reverse. `depth`: nested deeper than 100 messages.
 */
export type WireDefectCode = "truncated" | "overrun" | "varint" | "tag" | "wire-type" | "group" | "depth";

export interface WireDefect {
  readonly code: WireDefectCode;
  /** Bytes from the start of the message that was read. */
  readonly offset: number;
  readonly message: string;
}

export type Framing =
  | { readonly kind: "proven"; readonly items: number }
  | { readonly kind: "malformed"; readonly defect: WireDefect };

/** Protocol Buffers for C++ and Java refuse deeper messages by default, and with them the whole batch. */
const maxDepth = 100;

/** Reads the whole of `bytes` as one message of `type`. Counts the items in it. Never throws. */
export function proveFraming(type: MessageType, bytes: Uint8Array): Framing {
  const proof = new Proof(bytes);
  if (proof.message(type, bytes.length, 0)) return { kind: "proven", items: proof.items };
  const { code, offset, text } = proof;
  return { kind: "malformed", defect: { code, offset, message: `${text} at byte ${offset}` } };
}

class Proof {
  items = 0;
  code: WireDefectCode = "truncated";
  offset = 0;
  text = "";
  readonly #bytes: Uint8Array;
  #pos = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  message(type: MessageType, end: number, depth: number): boolean {
    if (depth === maxDepth) return this.#fail("depth", `more than ${maxDepth} nested messages`);
    const bytes = this.#bytes;
    const fields = type.fields;
    const itemsBefore = this.items;
    let dataMember = 0;
    while (this.#pos < end) {
      const tagAt = this.#pos;
      let tag = bytes[tagAt]!;
      if (tag < 0x80) this.#pos++;
      else if ((tag = this.#varint(end)) < 0) return false;
      const number = Math.floor(tag / 8);
      const wire = tag & 7;
      if (number === 0 || number > 0x1fffffff) return this.#fail("tag", `field number ${number}`, tagAt);
      const field = fields[number];
      if (field === undefined) {
        if (!this.#skip(number, wire, tagAt, end)) return false;
      } else if (wire !== field.wire) {
        if (wire !== 2 || !field.repeated) {
          return this.#fail("wire-type", `wire type ${wire} for ${type.name}.${field.name}`, tagAt);
        }
        if (!this.#packed(field, end)) return false;
      } else if (wire === 2) {
        const stop = this.#length(end);
        if (stop < 0) return false;
        if (field.message === undefined) this.#pos = stop;
        else {
          // A oneof: the last member set is the metric's data, what an earlier one held does not exist for a reader.
          if (type === messageTypes.Metric && field.oneof && field.number !== dataMember) {
            this.items = itemsBefore;
            dataMember = field.number;
          }
          if (field.message.item) this.items++;
          if (!this.message(field.message, stop, depth + 1)) return false;
        }
      } else if (!this.#scalar(wire, end)) return false;
    }
    return true;
  }

  #scalar(wire: number, end: number): boolean {
    if (wire === 0) return this.#varint(end) >= 0;
    const stop = this.#pos + (wire === 1 ? 8 : 4);
    if (stop > end) return this.#fail("truncated", "a fixed-width value ends behind its message");
    this.#pos = stop;
    return true;
  }

  #packed(field: Field, end: number): boolean {
    const stop = this.#length(end);
    if (stop < 0) return false;
    while (this.#pos < stop) if (!this.#scalar(field.wire, stop)) return false;
    return true;
  }

  /** Skips a field OTLP does not define; a group with everything in it, without recursion. */
  #skip(number: number, wire: number, tagAt: number, end: number): boolean {
    const open: number[] = [];
    for (;;) {
      if (wire === 2) {
        const stop = this.#length(end);
        if (stop < 0) return false;
        this.#pos = stop;
      } else if (wire === 0 || wire === 1 || wire === 5) {
        if (!this.#scalar(wire, end)) return false;
      } else if (wire === 3) {
        if (open.length === maxDepth) return this.#fail("depth", `more than ${maxDepth} nested groups`, tagAt);
        open.push(number);
      } else if (wire === 4) {
        if (open.pop() !== number) return this.#fail("group", `group ${number} ends without its start`, tagAt);
      } else return this.#fail("wire-type", `wire type ${wire}`, tagAt);

      if (open.length === 0) return true;
      tagAt = this.#pos;
      if (tagAt >= end) return this.#fail("group", `group ${open[0]} has no end`);
      const tag = this.#varint(end);
      if (tag < 0) return false;
      number = Math.floor(tag / 8);
      wire = tag & 7;
      if (number === 0 || number > 0x1fffffff) return this.#fail("tag", `field number ${number}`, tagAt);
    }
  }

  /** Reads a length; the offset where its value ends, or -1. */
  #length(end: number): number {
    const lengthAt = this.#pos;
    const length = this.#varint(end);
    if (length < 0) return -1;
    if (length > end - this.#pos) {
      this.#fail("overrun", `a length of ${length} reaches behind its message`, lengthAt);
      return -1;
    }
    return this.#pos + length;
  }

  /** The value, rounded above 2^53, or -1. */
  #varint(end: number): number {
    const bytes = this.#bytes;
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= 10; count++) {
      if (this.#pos >= end) {
        this.#fail("truncated", "a varint ends behind its message");
        return -1;
      }
      const byte = bytes[this.#pos++]!;
      if (count === 10 && byte > 1) break;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    this.#fail("varint", "a varint of more than 64 bits");
    return -1;
  }

  #fail(code: WireDefectCode, text: string, offset: number = this.#pos): false {
    this.code = code;
    this.text = text;
    this.offset = offset;
    return false;
  }
}
