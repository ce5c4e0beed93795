import { describe, expect, it } from "vitest";
import { type Field, type MessageName, messageTypes } from "../../src/wire/fields.ts";
import { concat, len, num, tag } from "../support/bytes.ts";
import { codecOf } from "../support/reference.ts";

/** How to reach each message of a request: the fields from the request down to it. */
function paths(root: MessageName): Map<MessageName, readonly Field[]> {
  const found = new Map<MessageName, readonly Field[]>([[root, []]]);
  for (const [name, path] of found) {
    for (const field of messageTypes[name].fields) {
      if (field?.message !== undefined && !found.has(field.message.name))
        found.set(field.message.name, [...path, field]);
    }
  }
  return found;
}

const signals = [
  ["traces", "Traces"],
  ["metrics", "Metrics"],
  ["logs", "Logs"],
] as const;

/** Fields of OTLP 1.11 that only profiles use and the reference, of an earlier version, does not have. */
const newer = new Set(["keyStrindex", "stringValueStrindex"]);

const cases = signals.flatMap(([signal, root]) =>
  [...paths(root)].flatMap(([name, path]) =>
    messageTypes[name].fields
      .filter((field) => field !== undefined)
      .filter((field) => !newer.has(field.name))
      .map((field) => ({ signal, what: `${name}.${field.name}`, path, field })),
  ),
);

describe("the field table", () => {
  it("knows which integers are zigzag-encoded", () => {
    const point = len(1, len(2, len(2, len(10, len(1, num(6, 1), len(8, num(1, 3)))))));
    const codec = codecOf("metrics");
    expect(JSON.stringify(codec.decode(point))).toContain('"scale":-1');
    expect(JSON.stringify(codec.decode(point))).toContain('"offset":-2');
    expect(messageTypes.Buckets.fields[1]?.type).toBe("sint32");
    expect(messageTypes.ExponentialHistogramDataPoint.fields[6]?.type).toBe("sint32");
  });

  it.each(cases)("has the number, name and type of $what in $signal", ({ signal, path, field }) => {
    const sizes: Readonly<Record<number, number>> = { 0: 1, 1: 8, 5: 4 };
    const one = new Uint8Array(sizes[field.wire] ?? 0).fill(1);
    const value = field.wire === 2 ? len(field.number) : concat(tag(field.number, field.wire), one);
    const bytes = path.toReversed().reduce((inner, step) => len(step.number, inner), value);
    const codec = codecOf(signal);
    let message: unknown = codec.toObject(codec.decode(bytes), { longs: String, bytes: String, arrays: false });
    for (const step of path) {
      message = (message as Record<string, unknown>)[step.name];
      if (step.repeated) message = (message as unknown[])[0];
    }
    expect(Object.keys(message as object)).toEqual([field.name]);
    const read = (message as Record<string, unknown>)[field.name];
    expect(Array.isArray(read)).toBe(field.repeated);
    const single = Array.isArray(read) ? (read[0] as unknown) : read;
    // The reference gives 64-bit integers as text here, and bytes, which are empty, as text too.
    const kinds: Readonly<Record<string, string>> = {
      bool: "boolean",
      message: "object",
      fixed64: "string",
      sfixed64: "string",
      int64: "string",
      uint64: "string",
    };
    expect(typeof single).toBe(
      field.wire === 2 && field.type !== "message" ? "string" : (kinds[field.type] ?? "number"),
    );
  });
});
