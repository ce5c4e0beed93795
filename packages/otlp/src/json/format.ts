/** OTLP bytes as OTLP/JSON text, strictly as the specification has it. */

import { type Batch, requestTypes } from "../batch.ts";
import { canonicalize } from "../canonical.ts";
import { formatBase64 } from "../wire/base64.ts";
import { readDouble, readFixed32, readFixed64, readInt32, readInt64, readUint64, readVarint } from "../wire/cursor.ts";
import { type FieldAt, listFields } from "../wire/field-list.ts";
import type { Field, FieldType, MessageType } from "../wire/fields.ts";
import { formatHex } from "../wire/hex.ts";
import { decodeUtf8 } from "../wire/utf8.ts";
import { Writer } from "../wire/writer.ts";

/**
 * lowerCamelCase names, ids as hexadecimal digits, enums as numbers, 64-bit integers as text, bytes as base64. Repeated
 * singular fields are resolved, unknown fields left out, and what is not UTF-8 becomes U+FFFD. Throws TypeError for
 * profiles.
 */
export function formatJsonBatch(batch: Batch): string {
  if (batch.signal === "profiles") throw new TypeError("batch: profiles have no JSON form here");
  const writer = new Writer(batch.bytes);
  for (const part of batch.parts.toReversed()) writer.copy(part, 0, part.length);
  const type = requestTypes[batch.signal];
  const bytes = canonicalize(type, writer.finish());
  return formatMessage(type, bytes, 0, bytes.length);
}

function formatMessage(type: MessageType, bytes: Uint8Array, start: number, stop: number): string {
  const values = new Map<Field, string[]>();
  for (const at of listFields(bytes, start, stop)) {
    const field = type.fields[at.number];
    if (field === undefined) continue;
    const texts = values.get(field) ?? [];
    texts.push(...formatField(field, bytes, at));
    values.set(field, texts);
  }
  const members = Array.from(values, ([{ name, repeated }, texts]) =>
    repeated ? `"${name}":[${texts.join(",")}]` : `"${name}":${texts[0]}`,
  );
  return `{${members.join(",")}}`;
}

/** One value; of packed numbers each. */
function formatField(field: Field, bytes: Uint8Array, at: FieldAt): string[] {
  const packed = field.wire !== 2 && at.wire === 2;
  if (!packed) return [formatValue(field, bytes, at.start, at.stop)];
  const texts: string[] = [];
  for (let pos = at.start; pos < at.stop;) {
    texts.push(formatValue(field, bytes, pos, at.stop));
    if (field.wire === 0) while (bytes[pos++]! >= 0x80);
    else pos += field.wire === 1 ? 8 : 4;
  }
  return texts;
}

function formatValue(field: Field, bytes: Uint8Array, start: number, stop: number): string {
  if (field.message !== undefined) return formatMessage(field.message, bytes, start, stop);
  return formatters[field.type](bytes, start, stop);
}

type Formatter = (bytes: Uint8Array, start: number, stop: number) => string;

const formatId: Formatter = (bytes, start, stop) => `"${formatHex(bytes, start, stop)}"`;
const formatInt32: Formatter = (bytes, start) => String(readInt32(bytes, start));

const formatters: Readonly<Record<FieldType, Formatter>> = {
  message: () => "{}",
  string: (bytes, start, stop) => JSON.stringify(decodeUtf8(bytes, start, stop)),
  bytes: (bytes, start, stop) => `"${formatBase64(bytes.subarray(start, stop))}"`,
  traceId: formatId,
  spanId: formatId,
  bool: (bytes, start) => String(readVarint(bytes, start) !== 0),
  double: formatDouble,
  enum: formatInt32,
  int32: formatInt32,
  uint32: (bytes, start) => String(readInt32(bytes, start) >>> 0),
  sint32: (bytes, start) => {
    const value = readInt32(bytes, start);
    return String((value >>> 1) ^ -(value & 1));
  },
  fixed32: (bytes, start) => String(readFixed32(bytes, start)),
  int64: (bytes, start) => `"${readInt64(bytes, start)}"`,
  uint64: (bytes, start) => `"${BigInt.asUintN(64, readUint64(bytes, start))}"`,
  fixed64: (bytes, start) => `"${readFixed64(bytes, start)}"`,
  sfixed64: (bytes, start) => `"${BigInt.asIntN(64, readFixed64(bytes, start))}"`,
};

function formatDouble(bytes: Uint8Array, start: number): string {
  const value = readDouble(bytes, start);
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0" : String(value);
}
