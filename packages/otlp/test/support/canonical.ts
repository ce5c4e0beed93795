/**
 * Rewrites a well-formed message into the one form on which all readers agree, by the rules of the Protocol Buffers
 * encoding: singular messages that repeat are merged, of singular scalars and of oneof members the last counts, unknown
 * fields are left out, and what is not UTF-8 becomes U+FFFD. Protobufjs 7 replaces a repeated message and keeps every member of a oneof; so it reads this
 * form wherever a message has such repeats.
 */

import type { Field, FieldType, MessageType } from "../../src/wire/fields.ts";
import { type Bytes, concat, len, str, tag, varint } from "./bytes.ts";

const text = new TextDecoder("utf-8", { ignoreBOM: true });

export function canonical(type: MessageType, bytes: Bytes): Bytes {
  const values = new Map<Field, Bytes[]>();
  let member: Field | undefined;
  for (const { number, wire, value } of readFields(bytes)) {
    const field = type.fields[number];
    if (field === undefined) continue;
    if (field.oneof) {
      if (member !== undefined && member !== field) values.delete(member);
      member = field;
    }
    const before = values.get(field) ?? [];
    const packed = field.repeated && wire === 2 && field.wire !== 2;
    if (packed) values.set(field, [...before, ...unpack(field.wire, value)]);
    else if (field.repeated) values.set(field, [...before, value]);
    else if (field.message !== undefined) values.set(field, [concat(...before, value)]);
    else values.set(field, [value]);
  }
  const fields = type.fields.filter((field) => field !== undefined);
  return concat(
    ...fields.flatMap((field) =>
      (values.get(field) ?? []).map((value) => {
        if (field.message !== undefined) return len(field.number, canonical(field.message, value));
        if (field.type === "string") return str(field.number, text.decode(value));
        if (field.wire === 2) return len(field.number, value);
        return concat(tag(field.number, field.wire), field.wire === 0 ? cut(field.type, value) : value);
      }),
    ),
  );
}

interface WireField {
  readonly number: number;
  readonly wire: number;
  /** Without tag and length. */
  readonly value: Bytes;
}

/** The unknown fields of a message and of all messages in it, but for those in fields named `except`; sorted. */
export function unknownFields(type: MessageType, bytes: Bytes, except = ""): string[] {
  const found: string[] = [];
  for (const { number, wire, value } of readFields(bytes)) {
    const field = type.fields[number];
    if (field === undefined) found.push(`${type.name} ${number} ${wire} ${value.join(" ")}`);
    else if (field.message !== undefined && field.name !== except)
      found.push(...unknownFields(field.message, value, except));
  }
  return found.toSorted();
}

/**
 * May the message have a varint of six to nine bytes? Protobufjs takes those for ten bytes long. Any run of continuation
 * bytes counts, so that texts and ids are found too.
 */
export function mayHavePaddedVarint(bytes: Bytes): boolean {
  let run = 0;
  for (const byte of bytes) {
    run = byte >= 0x80 ? run + 1 : 0;
    if (run >= 5) return true;
  }
  return false;
}

/** The fields of a message; a group is one field. */
function readFields(bytes: Bytes): WireField[] {
  const fields: WireField[] = [];
  let pos = 0;
  let open = 0;
  let groupStart = 0;
  const next = (): bigint => {
    const [value, stop] = readVarint(bytes, pos);
    pos = stop;
    return value;
  };
  while (pos < bytes.length) {
    const key = Number(next());
    const [number, wire] = [Math.floor(key / 8), key % 8];
    let start = pos;
    if (wire === 3) {
      if (open++ === 0) groupStart = start;
    } else if (wire === 4) {
      if (--open === 0) start = groupStart;
    } else if (wire === 0) next();
    else if (wire === 1) pos += 8;
    else if (wire === 5) pos += 4;
    else {
      const length = Number(next());
      start = pos;
      pos += length;
    }
    if (open === 0) fields.push({ number, wire, value: bytes.subarray(start, pos) });
  }
  return fields;
}

/** A varint with the bits its type has. */
function cut(type: FieldType, value: Bytes): Bytes {
  const [bits] = readVarint(value, 0);
  if (type === "bool") return varint(bits === 0n ? 0 : 1);
  if (type === "int64" || type === "uint64") return varint(bits);
  return varint(type === "int32" || type === "enum" ? BigInt.asIntN(32, bits) : BigInt.asUintN(32, bits));
}

/** The value and where it ends. */
function readVarint(bytes: Bytes, start: number): [value: bigint, stop: number] {
  let value = 0n;
  for (let pos = start; ; pos++) {
    const byte = bytes[pos]!;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (pos - start));
    if (byte < 0x80) return [value, pos + 1];
  }
}

function unpack(wire: number, bytes: Bytes): Bytes[] {
  const values: Bytes[] = [];
  let start = 0;
  for (let pos = 0; pos < bytes.length;) {
    if (wire === 0) while (bytes[pos++]! >= 0x80);
    else pos += wire === 1 ? 8 : 4;
    values.push(bytes.subarray(start, pos));
    start = pos;
  }
  return values;
}
