/** Makes OTLP messages from a seed: every field, in every order and every legal form of its bytes. */

import { type Field, type FieldType, type MessageType } from "../../src/wire/fields.ts";
import { type Bytes, concat, group, len, tag, varint } from "./bytes.ts";

export interface MessageShape {
  /** Singular messages may repeat and oneofs may have several members: readers disagree about what that means. */
  readonly repeats: boolean;
}

/** The strings of every message. */
export const words: readonly string[] = [
  "",
  "a",
  "service.name",
  "cloud.region",
  "http.route",
  "eu-1",
  "größe",
  "🚀 start",
  "x".repeat(130),
  "GET /",
];

/** A source of choices: the same seed makes the same message. */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 1;
  }

  /** From 0 to `count` - 1. */
  below(count: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % count;
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  shuffle<T>(list: T[]): T[] {
    for (let index = list.length - 1; index > 0; index--) {
      const other = this.below(index + 1);
      [list[index], list[other]] = [list[other]!, list[index]!];
    }
    return list;
  }

  bytes(count: number): Bytes {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}

export function makeMessage(type: MessageType, choices: Choices, shape: MessageShape, depth = 0): Bytes {
  const fields: Bytes[] = [];
  const oneof = type.fields.filter((field) => field?.oneof);
  const member = oneof.length === 0 ? undefined : choices.of(oneof);
  for (const field of type.fields) {
    // Deep in a message only what must end it: nothing.
    if (field === undefined || (depth > 6 && field.message !== undefined)) continue;
    if (field.oneof && field !== member && !(shape.repeats && choices.oneIn(8))) continue;
    if (!field.envelops && choices.below(9) < 4) continue;
    const mayRepeat = field.repeated || (shape.repeats && choices.oneIn(6)) || (!field.message && choices.oneIn(12));
    const count = field.repeated ? choices.below(field.envelops ? 4 : 2) : mayRepeat ? 2 : 1;
    const values = Array.from({ length: count }, () => makeValue(field, choices, shape, depth));
    if (field.repeated && field.wire !== 2 && count > 0) fields.push(...makeNumbers(field, values, choices));
    else for (const value of values) fields.push(concat(tag(field.number, field.wire, pad(choices)), value));
  }
  while (choices.oneIn(4)) fields.push(makeUnknown(choices));
  const order = choices.below(3);
  if (order === 1) fields.reverse();
  if (order === 2) choices.shuffle(fields);
  return concat(...fields);
}

/** Packed, unpacked, or some of each. */
function makeNumbers(field: Field, values: readonly Bytes[], choices: Choices): Bytes[] {
  const cut = choices.below(values.length + 1);
  const single = values.slice(0, cut).map((value) => concat(tag(field.number, field.wire), value));
  return [...single, len(field.number, ...values.slice(cut))];
}

/** A value as it stands behind its tag. */
function makeValue(field: Field, choices: Choices, shape: MessageShape, depth: number): Bytes {
  if (field.wire === 1) return choices.bytes(8);
  if (field.wire === 5) return choices.bytes(4);
  if (field.wire === 0) return makeVarint(field.type, choices);
  const content =
    field.message !== undefined
      ? makeMessage(field.message, choices, shape, depth + 1)
      : makeContent(field.type, choices);
  return concat(varint(content.length, pad(choices)), content);
}

function makeVarint(type: FieldType, choices: Choices): Bytes {
  if (type === "bool") return varint(choices.below(2), pad(choices));
  if (choices.oneIn(4)) return varint(-1n - BigInt(choices.below(1000)));
  if (type === "int64" && choices.oneIn(3)) return varint(2n ** 53n + BigInt(choices.below(1000)));
  return varint(choices.below(choices.oneIn(2) ? 7 : 2 ** 31), pad(choices));
}

function makeContent(type: FieldType, choices: Choices): Bytes {
  if (type === "traceId") return makeId(choices, 16);
  if (type === "spanId") return makeId(choices, 8);
  if (type === "bytes") return choices.bytes(choices.below(20));
  return new TextEncoder().encode(choices.of(words));
}

/** Few different ids, so that spans share traces; some of a wrong length, some of zeros. */
function makeId(choices: Choices, size: number): Bytes {
  if (choices.oneIn(12)) return choices.bytes(choices.below(20));
  const id = new Uint8Array(size);
  id[size - 1] = choices.below(5);
  return id;
}

/** Numbers that neither we nor the reference know in any message. */
function makeUnknown(choices: Choices, depth = 0): Bytes {
  const number = choices.of([900, 1000, 0x1fffffff]);
  switch (choices.below(depth > 3 ? 4 : 5)) {
    case 0:
      return concat(tag(number, 0, pad(choices)), varint(choices.below(2 ** 31), pad(choices)));
    case 1:
      return concat(tag(number, 1), choices.bytes(8));
    case 2:
      return len(number, choices.bytes(choices.below(12)));
    case 3:
      return concat(tag(number, 5), choices.bytes(4));
    default:
      return group(number, ...Array.from({ length: choices.below(3) }, () => makeUnknown(choices, depth + 1)));
  }
}

/** Protobufjs takes every varint of more than five bytes for one of ten. */
function pad(choices: Choices): number {
  return choices.oneIn(10) ? choices.of([2, 3, 4, 5, 10]) : 1;
}

/** Damages a message: flips, cuts, copies, inserts. */
export function mutate(bytes: Bytes, choices: Choices): Bytes {
  const result = Array.from(bytes);
  for (let edits = 1 + choices.below(3); edits > 0; edits--) {
    const pos = choices.below(result.length + 1);
    const kind = choices.below(5);
    if (kind === 0) result.splice(pos, 1, choices.below(256));
    else if (kind === 1) result.splice(pos, 1 + choices.below(4));
    else if (kind === 2)
      result.splice(pos, 0, ...result.slice(choices.below(result.length + 1)).slice(0, choices.below(20)));
    else if (kind === 3) result.splice(pos, 1, (result[pos] ?? 0) ^ (1 << choices.below(8)));
    else result.splice(pos, 0, choices.of([0, 1, 7, 0x0a, 0x12, 0x7f, 0x80, 0xff]));
  }
  return Uint8Array.from(result);
}
