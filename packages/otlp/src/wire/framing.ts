/** Proves that bytes are well-formed messages of a known type, so that later stages may trust every offset in them. */

import {
  attributeKind,
  type Field,
  fixed64Kind,
  lengthKind,
  type MessageType,
  messageTypes,
  varintKind,
} from "./fields.ts";
import { isPlainPair } from "./plain-pair.ts";

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
  | {
      readonly kind: "proven";
      readonly items: number;
      /** Has an id in it a wrong length, or is one of a span's own missing, repeated, or all zeros? */
      readonly suspect: boolean;
    }
  | { readonly kind: "malformed"; readonly defect: WireDefect };

/** Protocol Buffers for C++ and Java refuse deeper messages by default, and with them the whole batch. */
export const maxDepth = 100;

/** Reads the whole of `bytes` as one message of `type`. Counts the items in it. Never throws. */
export function proveFraming(type: MessageType, bytes: Uint8Array): Framing {
  const proof = new Proof(bytes);
  if (proof.message(type, 0, bytes.length, 0)) return { kind: "proven", items: proof.items, suspect: proof.suspect };
  const { code, offset, text } = proof;
  return { kind: "malformed", defect: { code, offset, message: `${text} at byte ${offset}` } };
}

/** What a read returns when the bytes are malformed, in place of an offset or a value. */
const failed = -1;

const { Metric, Span } = messageTypes;
const noKinds = new Uint8Array(128);

/**
 * Skips the fields that nearly all fields are: with a tag of one byte, a length or a number of one, and nothing inside but
 * text or a plain pair. Stops at the end, or at the first other field, which may be well-formed too.
 */
function skipPlain(kinds: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  let pos = start;
  while (pos + 1 < end) {
    const tag = bytes[pos]!;
    const kind = tag < 0x80 ? kinds[tag] : 0;
    const next = bytes[pos + 1]!;
    let stop = pos + 2;
    if (kind === attributeKind) {
      stop += next;
      if (next >= 0x80 || stop > end || !isPlainPair(bytes, pos + 2, stop)) return pos;
    } else if (kind === lengthKind) {
      stop += next;
      if (next >= 0x80 || stop > end) return pos;
    } else if (kind === fixed64Kind) {
      stop += 7;
      if (stop > end) return pos;
    } else if (kind !== varintKind || next >= 0x80) return pos;
    pos = stop;
  }
  return pos;
}

class Proof {
  items = 0;
  suspect = false;
  code: WireDefectCode = "truncated";
  offset = 0;
  text = "";
  readonly #bytes: Uint8Array;
  /** Where the varint read last ends. */
  #after = 0;
  /** Ids of the current span. */
  #traceIds = 0;
  #spanIds = 0;
  /** Of the current metric: the member of its oneof seen last, and how many items there were before it. */
  #dataMember = 0;
  #itemsBefore = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  message(type: MessageType, start: number, end: number, depth: number): boolean {
    if (depth === maxDepth) {
      this.#fail("depth", start, `more than ${maxDepth} nested messages`);
      return false;
    }
    const bytes = this.#bytes;
    // A plain pair is two messages deep.
    const kinds = depth < maxDepth - 2 ? type.kinds : noKinds;
    let pos = start;
    while ((pos = skipPlain(kinds, bytes, pos, end)) < end) {
      pos = this.#field(type, pos, end, depth);
      if (pos === failed) return false;
    }
    return true;
  }

  /** Reads the field at `tagAt`, whatever it is; where it ends. */
  #field(type: MessageType, tagAt: number, end: number, depth: number): number {
    const tag = this.#tag(tagAt, end);
    if (tag === failed) return failed;
    const pos = this.#after;
    const wire = tag & 7;
    const field = type.fields[tag >>> 3];
    if (field === undefined) return this.#unknown(tag, tagAt, pos, end);
    if (wire !== field.wire) {
      if (wire === 2 && field.repeated) return this.#packed(field, pos, end);
      return this.#fail("wire-type", tagAt, `wire type ${wire} for ${type.name}.${field.name}`);
    }
    if (wire !== 2) return this.#scalarEnd(wire, pos, end);
    const stop = this.#lengthEnd(pos, end);
    if (stop === failed) return failed;
    const start = this.#after;
    if (field.idBytes > 0) this.#id(type, field, start, stop);
    else if (field.message !== undefined) {
      if (type === Metric && field.oneof) this.#chooseData(field);
      if (field.message.item) this.items++;
      if (!this.#inner(field.message, start, stop, depth + 1)) return failed;
    }
    return stop;
  }

  #inner(type: MessageType, start: number, stop: number, depth: number): boolean {
    if (type === Span) this.#traceIds = this.#spanIds = 0;
    else if (type === Metric) {
      this.#dataMember = 0;
      this.#itemsBefore = this.items;
    }
    if (!this.message(type, start, stop, depth)) return false;
    // A second trace id may be the one the next hop goes by.
    if (type === Span && (this.#traceIds !== 1 || this.#spanIds !== 1)) this.suspect = true;
    return true;
  }

  /** A oneof: the last member set is the metric's data, what an earlier one held does not exist for a reader. */
  #chooseData(field: Field): void {
    if (field.number === this.#dataMember) return;
    this.#dataMember = field.number;
    this.items = this.#itemsBefore;
  }

  #id(type: MessageType, field: Field, start: number, stop: number): void {
    const own = type === Span && field.number < 3;
    if (stop - start !== field.idBytes) {
      if (own || stop > start) this.suspect = true;
    } else if (own) {
      let pos = start;
      while (pos < stop && this.#bytes[pos] === 0) pos++;
      if (pos === stop) this.suspect = true;
      if (field.number === 1) this.#traceIds++;
      else this.#spanIds++;
    }
  }

  #scalarEnd(wire: number, pos: number, end: number): number {
    if (wire === 0) return this.#varint(pos, end) === failed ? failed : this.#after;
    const stop = pos + (wire === 1 ? 8 : 4);
    return stop <= end ? stop : this.#fail("truncated", pos, "a fixed-width value ends behind its message");
  }

  #packed(field: Field, start: number, end: number): number {
    const stop = this.#lengthEnd(start, end);
    let pos = stop === failed ? stop : this.#after;
    while (pos !== failed && pos < stop) pos = this.#scalarEnd(field.wire, pos, stop);
    return pos;
  }

  /** Skips a field OTLP does not define; a group with everything in it, without recursion. */
  #unknown(tag: number, tagAt: number, pos: number, end: number): number {
    const open: number[] = [];
    for (;;) {
      const number = tag >>> 3;
      const wire = tag & 7;
      if (wire === 2) pos = this.#lengthEnd(pos, end);
      else if (wire === 0 || wire === 1 || wire === 5) pos = this.#scalarEnd(wire, pos, end);
      else if (wire === 3) {
        if (open.length === maxDepth) return this.#fail("depth", tagAt, `more than ${maxDepth} nested groups`);
        open.push(number);
      } else if (wire === 4) {
        if (open.pop() !== number) return this.#fail("group", tagAt, `group ${number} ends without its start`);
      } else return this.#fail("wire-type", tagAt, `wire type ${wire}`);

      if (pos === failed || open.length === 0) return pos;
      if (pos >= end) return this.#fail("group", pos, `group ${open[0]} has no end`);
      tagAt = pos;
      tag = this.#tag(pos, end);
      if (tag === failed) return failed;
      pos = this.#after;
    }
  }

  #tag(pos: number, end: number): number {
    const tag = this.#varint(pos, end);
    if (tag === failed || (tag >= 8 && tag <= 0xffffffff)) return tag;
    return this.#fail("tag", pos, `field number ${Math.floor(tag / 8)}`);
  }

  /** Reads a length; where its value ends. The value starts at `#after`. */
  #lengthEnd(pos: number, end: number): number {
    const length = this.#varint(pos, end);
    if (length === failed) return failed;
    if (length <= end - this.#after) return this.#after + length;
    return this.#fail("overrun", pos, `a length of ${length} reaches behind its message`);
  }

  /** The value, rounded above 2^53. */
  #varint(pos: number, end: number): number {
    const bytes = this.#bytes;
    // Of one byte, or of two: lengths of spans, and the tag of their flags.
    if (pos + 1 < end) {
      const byte = bytes[pos]!;
      const next = bytes[pos + 1]!;
      this.#after = byte < 0x80 ? pos + 1 : pos + 2;
      if (byte < 0x80) return byte;
      if (next < 0x80) return (next << 7) | (byte & 0x7f);
    }
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= 10; count++) {
      if (pos >= end) return this.#fail("truncated", pos, "a varint ends behind its message");
      const byte = bytes[pos++]!;
      if (count === 10 && byte > 1) break;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#after = pos;
        return value;
      }
      scale *= 128;
    }
    return this.#fail("varint", pos, "a varint of more than 64 bits");
  }

  #fail(code: WireDefectCode, offset: number, text: string): typeof failed {
    this.code = code;
    this.offset = offset;
    this.text = text;
    return failed;
  }
}
