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
    writeMessage(writer, requests[signal], reading.value, new Place());
  } catch (error) {
    if (error instanceof JsonFault) return malformed(error.defect);
    throw error;
  }
  return readBatch(signal, writer.finish());
}

function malformed(defect: JsonDefect): JsonBatchReading {
  return { kind: "malformed", defect };
}

/** Where in the body the reading stands. */
class Place {
  readonly #steps: (string | number)[] = [];

  enter(step: string | number): void {
    this.#steps.push(step);
  }

  leave(): void {
    this.#steps.pop();
  }

  fault(message: string): JsonFault {
    const path = this.#steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
    return new JsonFault("value", `${path.slice(1) || "the body"} ${message}`);
  }
}

function writeMessage(writer: Writer, type: MessageType, object: JsonValue, place: Place): void {
  if (!(object instanceof Map)) throw place.fault("must be an object");
  const values = new Map<Field, JsonValue>();
  const names = namesOf(type);
  for (const [name, value] of object as JsonObject) {
    const field = names.get(name);
    if (field !== undefined && value !== null) values.set(field, value);
  }
  const members = Array.from(values.keys()).filter((field) => field.oneof);
  if (members.length > 1) {
    throw place.fault(`has both ${members[0]!.name} and ${members[1]!.name}`);
  }
  const ordered = Array.from(values).toSorted(([a], [b]) => b.number - a.number);
  for (const [field, value] of ordered) {
    place.enter(field.name);
    if (field.repeated) writeList(writer, field, value, place);
    else writeValue(writer, field, value, place);
    place.leave();
  }
}

function writeList(writer: Writer, field: Field, value: JsonValue, place: Place): void {
  if (!Array.isArray(value)) throw place.fault("must be a list");
  const values = value as readonly JsonValue[];
  const mark = writer.length;
  // The writer writes backwards.
  for (let index = values.length - 1; index >= 0; index--) {
    place.enter(index);
    if (field.wire === 2) writeValue(writer, field, values[index]!, place);
    else writeNumber(writer, field, values[index]!, place);
    place.leave();
  }
  if (field.wire !== 2 && writer.length > mark) writer.wrap(field.number, mark);
}

function writeValue(writer: Writer, field: Field, value: JsonValue, place: Place): void {
  const mark = writer.length;
  if (field.wire !== 2) {
    writeNumber(writer, field, value, place);
    writer.tag(field.number, field.wire);
    return;
  }
  if (field.message !== undefined) writeMessage(writer, field.message, value, place);
  else if (typeof value !== "string") throw place.fault("must be text");
  else if (field.type === "string") writer.text(value);
  else {
    const bytes = field.type === "bytes" ? parseBase64(value) : parseHex(value);
    if (bytes === undefined) throw place.fault(field.type === "bytes" ? "must be base64" : notHex(value));
    writer.copy(bytes, 0, bytes.length);
  }
  writer.wrap(field.number, mark);
}

/** An id is no secret, and shows whoever wrote it what they wrote. */
function notHex(id: string): string {
  return `must be pairs of hexadecimal digits, not ${JSON.stringify(id.length > 40 ? `${id.slice(0, 40)}…` : id)}`;
}

/** A value of a fixed or varint type, without its tag. */
function writeNumber(writer: Writer, field: Field, value: JsonValue, place: Place): void {
  switch (field.type) {
    case "bool":
      if (typeof value !== "boolean") throw place.fault("must be true or false");
      return writer.varint(value ? 1 : 0);
    case "double":
      return writer.double(doubleOf(value, place));
    case "enum":
      return writer.varint64(enumOf(field, value, place));
    case "int32":
      return writer.varint64(integerOf(value, -(2n ** 31n), 2n ** 31n - 1n, place));
    case "sint32": {
      const number = integerOf(value, -(2n ** 31n), 2n ** 31n - 1n, place);
      return writer.varint64(number < 0n ? -number * 2n - 1n : number * 2n);
    }
    case "uint32":
      return writer.varint64(integerOf(value, 0n, 2n ** 32n - 1n, place));
    case "int64":
      return writer.varint64(integerOf(value, -(2n ** 63n), 2n ** 63n - 1n, place));
    case "uint64":
      return writer.varint64(integerOf(value, 0n, 2n ** 64n - 1n, place));
    case "fixed32":
      return writer.fixed32(Number(integerOf(value, 0n, 2n ** 32n - 1n, place)));
    case "fixed64":
      return writer.fixed64(integerOf(value, 0n, 2n ** 64n - 1n, place));
    case "sfixed64":
      return writer.fixed64(integerOf(value, -(2n ** 63n), 2n ** 63n - 1n, place));
    case "string":
    case "bytes":
    case "traceId":
    case "spanId":
    case "message":
      throw new TypeError(`${field.name} is not a number`);
  }
}

function enumOf(field: Field, value: JsonValue, place: Place): bigint {
  const named = typeof value === "string" ? (field.enumNames ?? []).indexOf(value) : -1;
  return named >= 0 ? BigInt(named) : integerOf(value, -(2n ** 31n), 2n ** 31n - 1n, place);
}

function integerOf(value: JsonValue, min: bigint, max: bigint, place: Place): bigint {
  const source = value instanceof JsonNumber ? value.source : typeof value === "string" ? value : "";
  let integer: bigint | undefined;
  if (/^-?\d+$/.test(source)) integer = BigInt(source);
  // Proto3-JSON also accepts 1e3 and 5.0 for integers.
  else if (/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(source) && Number.isSafeInteger(Number(source))) {
    integer = BigInt(Number(source));
  }
  if (integer !== undefined && integer >= min && integer <= max) return integer;
  throw place.fault(`must be a whole number from ${min} to ${max}`);
}

function doubleOf(value: JsonValue, place: Place): number {
  const source = value instanceof JsonNumber ? value.source : typeof value === "string" ? value : "";
  if (["NaN", "Infinity", "-Infinity"].includes(source) || /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(source)) {
    return Number(source);
  }
  throw place.fault("must be a number");
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
