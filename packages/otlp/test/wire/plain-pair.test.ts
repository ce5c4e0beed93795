import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { messageTypes } from "../../src/wire/fields.ts";
import { proveFraming } from "../../src/wire/framing.ts";
import { isPlainPair } from "../../src/wire/plain-pair.ts";
import { type Bytes, concat, len, num, str, tag, varint } from "../support/bytes.ts";
import { Choices, makeMessage, mutate } from "../support/messages.ts";

const isPlain = (bytes: Bytes): boolean => isPlainPair(bytes, 0, bytes.length);
const double = concat(tag(4, 1), new Uint8Array(8));

describe("a plain pair", () => {
  it.each<[string, Bytes]>([
    ["a string", str(1, "v")],
    ["an empty string", str(1, "")],
    ["bytes", len(7, Uint8Array.of(1, 2))],
    ["a bool", num(2, 1)],
    ["an integer", num(3, 300)],
    ["an integer of nine bytes", num(3, 2n ** 62n)],
    ["a double", double],
  ])("has %s, with its key before it or behind it", (_what, value) => {
    expect(isPlain(concat(str(1, "k"), len(2, value)))).toBe(true);
    expect(isPlain(concat(len(2, value), str(1, "k")))).toBe(true);
  });

  it.each<[string, Bytes]>([
    ["without a value", str(1, "k")],
    ["with an empty value", concat(str(1, "k"), len(2))],
    ["with two members", concat(str(1, "k"), len(2, str(1, "v"), num(3, 1)))],
    ["with two keys", concat(str(1, "k"), str(1, "k"))],
    ["with an array", concat(str(1, "k"), len(2, len(5)))],
    ["with more behind it", concat(str(1, "k"), len(2, str(1, "v")), num(3, 1))],
    ["with a padded length", concat(tag(1, 2), varint(1, 2), Uint8Array.of(0x6b), len(2, str(1, "v")))],
    ["with a negative integer", concat(str(1, "k"), len(2, num(3, -1n)))],
    ["with a value that is cut off", concat(str(1, "k"), len(2, tag(1, 2), varint(9)))],
    ["with a number that has no end", concat(str(1, "k"), len(2, tag(3, 0), Uint8Array.of(0x80)))],
  ])("is not one %s", (_what, pair) => {
    expect(isPlain(pair)).toBe(false);
  });

  it("is a well-formed KeyValue, whatever surrounds it", () => {
    const type = messageTypes.KeyValue;
    const values = [str(1, "v".repeat(60)), num(2, 1), num(3, 300), double, len(7, Uint8Array.of(1, 2))];
    let plain = 0;
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, usual) => {
        const choices = new Choices(seed);
        const fields = choices.shuffle([str(1, "key"), len(2, choices.of(values))]);
        const bytes = mutate(usual ? concat(...fields) : makeMessage(type, choices, { repeats: true }), choices);
        if (!isPlainPair(concat(Uint8Array.of(0), bytes, Uint8Array.of(0x7f)), 1, 1 + bytes.length)) return;
        plain++;
        // What proves a KeyValue by itself walks over it.
        expect(proveFraming(type, bytes).kind).toBe("proven");
      }),
      { numRuns: 5_000 },
    );
    expect(plain).toBeGreaterThan(200);
  });
});
