/** OTLP/JSON request bodies into bytes: strict about values, liberal about how names, enums and integers are written. */

import { type BatchReading, readBatch, type Signal } from "../batch.ts";
import { parseBase64 } from "../wire/base64.ts";
import { type Field, type MessageType, messageTypes } from "../wire/fields.ts";
import { parseHex } from "../wire/hex.ts";
import { Writer } from "../wire/writer.ts";
import { type JsonDefect, JsonFault, JsonNumber, type JsonObject, type JsonValue, parseJson } from "./parse.ts";

export type JsonBatchReading = BatchReading | { readonly kind: "malformed"; readonly defect: JsonDefect };

const requests = { traces: messageTypes.Traces, metrics: messageTypes.Metrics, logs: messageTypes.Logs } as const;

/**
 * Reads an OTLP/JSON body. Names may be lowerCamelCase or snake_case, enum values numbers or names, integers numbers or
 * text; null is absent; unknown names are ignored, as OTLP demands. Integers keep all 64 bits. Ids of a wrong length
 * pass, like in protobuf: `refineBatch` rejects their spans. Profiles have no JSON form here and are refused.
 */
export function readJsonBatch(signal: Signal, text: string): JsonBatchReading {
  if (signal === "profiles") return malformed({ code: "value", offset: 0, message: "profiles are not read from JSON" });
  const reading = parseJson(text);
  if (reading.kind === "malformed") return reading;
  const writer = new Writer(text.length + 16);
  try {
    writeMessage(writer, requests[signal], objectOf(reading.value, requests[signal].name));
  } catch (error) {
    if (error instanceof JsonFault) return malformed(error.defect);
    throw error;
  }
  return readBatch(signal, writer.finish());
}

function malformed(defect: JsonDefect): JsonBatchReading {
  return { kind: "malformed", defect };
}

function objectOf(value: JsonValue, where: string): JsonObject {
  if (value instanceof Map) return value as JsonObject;
  throw new JsonFault("value", `${where} must be an object`);
}

function writeMessage(writer: Writer, type: MessageType, object: JsonObject): void {
  const values = new Map<Field, JsonValue>();
  const names = namesOf(type);
  for (const [name, value] of object) {
    const field = names.get(name);
    if (field !== undefined && value !== null) values.set(field, value);
  }
  const members = Array.from(values.keys()).filter((field) => field.oneof);
  if (members.length > 1) {
    throw new JsonFault("value", `${type.name} has both ${members[0]!.name} and ${members[1]!.name}`);
  }
  const ordered = Array.from(values).toSorted(([a], [b]) => b.number - a.number);
  for (const [field, value] of ordered) {
    const where = `${type.name}.${field.name}`;
    if (field.repeated) writeList(writer, field, value, where);
    else writeValue(writer, field, value, where);
  }
}

function writeList(writer: Writer, field: Field, value: JsonValue, where: string): void {
  if (!Array.isArray(value)) throw new JsonFault("value", `${where} must be a list`);
  const values = (value as readonly JsonValue[]).toReversed();
  if (field.wire === 2) for (const item of values) writeValue(writer, field, item, where);
  else {
    const mark = writer.length;
    for (const item of values) writeNumber(writer, field, item, where);
    if (writer.length > mark) writer.wrap(field.number, mark);
  }
}

function writeValue(writer: Writer, field: Field, value: JsonValue, where: string): void {
  const mark = writer.length;
  if (field.wire !== 2) {
    writeNumber(writer, field, value, where);
    writer.tag(field.number, field.wire);
    return;
  }
  if (field.message !== undefined) writeMessage(writer, field.message, objectOf(value, where));
  else if (typeof value !== "string") throw new JsonFault("value", `${where} must be text`);
  else if (field.type === "string") writer.text(value);
  else {
    const bytes = field.type === "bytes" ? parseBase64(value) : parseHex(value);
    const encoding = field.type === "bytes" ? "base64" : "hexadecimal digits";
    if (bytes === undefined) throw new JsonFault("value", `${where} must be ${encoding}`);
    writer.copy(bytes, 0, bytes.length);
  }
  writer.wrap(field.number, mark);
}

/** A value of a fixed or varint type, without its tag. */
function writeNumber(writer: Writer, field: Field, value: JsonValue, where: string): void {
  switch (field.type) {
    case "bool":
      if (typeof value !== "boolean") throw new JsonFault("value", `${where} must be true or false`);
      return writer.varint(value ? 1 : 0);
    case "double":
      return writer.double(doubleOf(value, where));
    case "enum":
      return writer.varint64(enumOf(field, value, where));
    case "int32":
      return writer.varint64(integerOf(value, -(2n ** 31n), 2n ** 31n - 1n, where));
    case "sint32": {
      const number = integerOf(value, -(2n ** 31n), 2n ** 31n - 1n, where);
      return writer.varint64(number < 0n ? -number * 2n - 1n : number * 2n);
    }
    case "uint32":
      return writer.varint64(integerOf(value, 0n, 2n ** 32n - 1n, where));
    case "int64":
      return writer.varint64(integerOf(value, -(2n ** 63n), 2n ** 63n - 1n, where));
    case "uint64":
      return writer.varint64(integerOf(value, 0n, 2n ** 64n - 1n, where));
    case "fixed32":
      return writer.fixed32(Number(integerOf(value, 0n, 2n ** 32n - 1n, where)));
    case "fixed64":
      return writer.fixed64(integerOf(value, 0n, 2n ** 64n - 1n, where));
    case "sfixed64":
      return writer.fixed64(integerOf(value, -(2n ** 63n), 2n ** 63n - 1n, where));
    case "string":
    case "bytes":
    case "traceId":
    case "spanId":
    case "message":
      throw new TypeError(`${where} is not a number`);
  }
}

function enumOf(field: Field, value: JsonValue, where: string): bigint {
  const named = typeof value === "string" ? (field.enumNames ?? []).indexOf(value) : -1;
  return named >= 0 ? BigInt(named) : integerOf(value, -(2n ** 31n), 2n ** 31n - 1n, where);
}

function integerOf(value: JsonValue, min: bigint, max: bigint, where: string): bigint {
  const source = value instanceof JsonNumber ? value.source : typeof value === "string" ? value : "";
  let integer: bigint | undefined;
  if (/^-?\d+$/.test(source)) integer = BigInt(source);
  // Proto3-JSON also accepts 1e3 and 5.0 for integers.
  else if (/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(source) && Number.isSafeInteger(Number(source))) {
    integer = BigInt(Number(source));
  }
  if (integer !== undefined && integer >= min && integer <= max) return integer;
  throw new JsonFault("value", `${where} must be a whole number from ${min} to ${max}`);
}

function doubleOf(value: JsonValue, where: string): number {
  const source = value instanceof JsonNumber ? value.source : typeof value === "string" ? value : "";
  if (["NaN", "Infinity", "-Infinity"].includes(source) || /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(source)) {
    return Number(source);
  }
  throw new JsonFault("value", `${where} must be a number`);
}

const namesByType = new Map<MessageType, ReadonlyMap<string, Field>>();

/** Each field under its lowerCamelCase and its snake_case name. */
function namesOf(type: MessageType): ReadonlyMap<string, Field> {
  let names = namesByType.get(type);
  if (names === undefined) {
    const fields = type.fields.filter((field) => field !== undefined);
    const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    names = new Map(fields.flatMap((field) => [[field.name, field] as const, [snake(field.name), field] as const]));
    namesByType.set(type, names);
  }
  return names;
}
