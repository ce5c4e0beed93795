/**
 * Rewrites proven messages into the form that all readers read alike. Protocol Buffers allow a singular field to repeat,
 * and readers differ: some merge repeated messages, some replace them, some keep several members of a oneof.
 */

import { AttributeView } from "./attribute.ts";
import { type FieldAt, listFields } from "./wire/field-list.ts";
import { type Field, type MessageType, messageTypes } from "./wire/fields.ts";
import { Writer } from "./wire/writer.ts";

/**
 * The message with every repeat resolved as Protocol Buffers define it: singular messages merged, of singular scalars
 * and oneof members only the last. Of several resource attributes with one key the first stays, which is what the
 * OpenTelemetry Collector looks up. Unknown fields stay.
 */
export function canonicalize(type: MessageType, bytes: Uint8Array): Uint8Array {
  const writer = new Writer(bytes.length + 16);
  writeCanonical(writer, type, bytes, 0, bytes.length);
  return writer.finish();
}

function writeCanonical(writer: Writer, type: MessageType, bytes: Uint8Array, start: number, stop: number): void {
  const fields = listFields(bytes, start, stop);
  const winners = findWinners(type, fields);
  const dropped = type === messageTypes.Resource ? findRepeatedKeys(bytes, fields) : undefined;
  for (const at of fields.toReversed()) {
    const field = type.fields[at.number];
    if (dropped?.has(at)) continue;
    if (field === undefined || (field.repeated && field.message === undefined)) {
      writer.copy(bytes, at.tagStart, at.stop);
    } else if (field.repeated) {
      writeField(writer, field, bytes, [at]);
    } else {
      const occurrences = winners.get(slotOf(field));
      if (occurrences?.at(-1) === at) writeField(writer, field, bytes, occurrences);
    }
  }
}

/** For each singular field or oneof the occurrences that count: several only for a message, whose bodies are merged. */
function findWinners(type: MessageType, fields: readonly FieldAt[]): Map<number, FieldAt[]> {
  const winners = new Map<number, FieldAt[]>();
  for (const at of fields) {
    const field = type.fields[at.number];
    if (field === undefined || field.repeated) continue;
    const slot = slotOf(field);
    const before = winners.get(slot);
    if (field.message !== undefined && before?.[0]?.number === at.number) before.push(at);
    else winners.set(slot, [at]);
  }
  return winners;
}

/** The members of a oneof share one slot. */
function slotOf(field: Field): number {
  return field.oneof ? 0 : field.number;
}

function findRepeatedKeys(bytes: Uint8Array, fields: readonly FieldAt[]): Set<FieldAt> {
  const attribute = new AttributeView();
  const keys = new Set<string>();
  const repeated = new Set<FieldAt>();
  for (const at of fields) {
    if (at.number !== 1) continue;
    const key = attribute.open(bytes, at.start, at.stop).key();
    if (keys.has(key)) repeated.add(at);
    else keys.add(key);
  }
  return repeated;
}

function writeField(writer: Writer, field: Field, bytes: Uint8Array, occurrences: readonly FieldAt[]): void {
  const [first] = occurrences;
  if (first === undefined) return;
  if (field.message === undefined) {
    writer.copy(bytes, first.tagStart, first.stop);
    return;
  }
  const mark = writer.length;
  if (occurrences.length === 1) writeCanonical(writer, field.message, bytes, first.start, first.stop);
  else {
    const merged = new Writer();
    for (const at of occurrences.toReversed()) merged.copy(bytes, at.start, at.stop);
    const body = merged.finish();
    writeCanonical(writer, field.message, body, 0, body.length);
  }
  writer.wrap(field.number, mark);
}
