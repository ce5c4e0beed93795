/** Writes what records of every signal have in common: the envelope of one resource and scope, attributes, ids, times. */

import type { AttributeValue } from "./attribute.ts";
import { type Batch, batchOf, type Signal } from "./batch.ts";
import { highNanos, lowNanos } from "./wire/nanos.ts";
import { Writer } from "./wire/writer.ts";

export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface Scope {
  readonly name: string;
  readonly version: string;
}

/** One request with one resource and one scope; `count` items where that is not one for each record. */
export function encodeRecords<T>(
  signal: Signal,
  { resource, scope }: { readonly resource: Attributes; readonly scope: Scope },
  records: readonly T[],
  write: (writer: Writer, record: T) => void,
  count: number = records.length,
): Batch {
  const writer = new Writer(256 + 512 * records.length);
  for (let at = records.length - 1; at >= 0; at--) {
    const mark = writer.length;
    write(writer, records[at] as T);
    writer.wrap(2, mark);
  }
  writeScope(writer, scope);
  writer.wrap(2, 0);
  const resourceMark = writer.length;
  writeAttributes(writer, 1, resource);
  writer.wrap(1, resourceMark);
  writer.wrap(1, 0);
  return batchOf(signal, [writer.finish()], count);
}

export function writeScope(writer: Writer, { name, version }: Scope): void {
  const mark = writer.length;
  writer.stringField(2, version);
  writer.stringField(1, name);
  writer.wrap(1, mark);
}

export function writeAttributes(writer: Writer, number: number, attributes: Attributes): void {
  const keys = Object.keys(attributes);
  for (let at = keys.length - 1; at >= 0; at--) {
    const key = keys[at] as string;
    const mark = writer.length;
    writeValue(writer, attributes[key] as AttributeValue);
    writer.wrap(2, mark);
    writer.stringField(1, key);
    writer.wrap(number, mark);
  }
}

export function writeValue(writer: Writer, value: AttributeValue): void {
  if (typeof value === "string") writer.stringField(1, value);
  else if (typeof value === "boolean") writer.varintField(2, value ? 1 : 0);
  else if (Number.isSafeInteger(value)) {
    if (value >= 0) writer.varint(value);
    else writer.varint64(BigInt(value));
    writer.tag(3, 0);
  } else {
    writer.double(value);
    writer.tag(4, 1);
  }
}

export function writeId(writer: Writer, number: number, name: string, id: string, size: number): void {
  if (id.length !== 2 * size || !writer.hex(id))
    throw new TypeError(`${name}: not ${2 * size} hexadecimal digits: ${id}`);
  writer.varint(size);
  writer.tag(number, 2);
}

export function writeTime(writer: Writer, number: number, ms: number): void {
  writer.fixed32(highNanos(ms));
  writer.fixed32(lowNanos(ms));
  writer.tag(number, 1);
}
