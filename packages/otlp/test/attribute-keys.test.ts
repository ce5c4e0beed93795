import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FoundAttributes, defineAttributeKeys } from "../src/attribute-keys.ts";
import { AttributeView } from "../src/attribute.ts";
import { Cursor } from "../src/wire/cursor.ts";
import { type Bytes, concat, len, num, pair, str } from "./support/bytes.ts";

const KEYS = [
  "",
  "a",
  "ab",
  "abc",
  "abcd",
  "abce",
  "xbcd",
  "abcde",
  "abcdefgh",
  "abcdefgi",
  "http.route",
  "http.method",
];

function look(bytes: Bytes): FoundAttributes {
  const found = new FoundAttributes();
  const keys = defineAttributeKeys(KEYS);
  found.open(keys, bytes).look(keys, 0, bytes.length, 9);
  return found;
}

/** The first attribute of each key, one after the other. */
function valuesOneByOne(bytes: Bytes): unknown[] {
  return KEYS.map((key) => {
    const cursor = new Cursor().open(bytes, 0, bytes.length);
    const view = new AttributeView();
    while (cursor.next()) {
      if (cursor.field === 9 && view.open(bytes, cursor.start, cursor.stop).hasKey(key)) return view.value();
    }
    return undefined;
  });
}

describe("attributes that are looked up together", () => {
  it("are those that are found one by one", () => {
    const key = fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 12 }));
    const field = fc.oneof(
      fc.tuple(key, fc.string({ maxLength: 140 })).map(([name, text]) => pair(9, name, text)),
      fc.tuple(key, fc.nat()).map(([name, value]) => len(9, str(1, name), len(2, num(3, value)))),
      fc.tuple(key, fc.nat()).map(([name, value]) => len(9, len(2, num(3, value)), str(1, name))),
      key.map((name) => pair(10, name, "other")),
      fc.nat().map((value) => num(6, value)),
      fc.constant(len(9)),
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 12 }), (fields) => {
        const bytes = concat(...fields);
        const found = look(bytes);
        expect(KEYS.map((_key, place) => found.value(place))).toEqual(valuesOneByOne(bytes));
      }),
    );
  });

  it("show the bytes of a text, and of nothing else", () => {
    const bytes = concat(pair(9, "a", "x"), len(9, str(1, "ab"), len(2, num(3, 7))), pair(9, "abc", "é".repeat(70)));
    const found = look(bytes);
    const texts = KEYS.map((_key, place) =>
      found.isText(place) ? new TextDecoder().decode(found.bytes.subarray(found.textStart, found.textStop)) : undefined,
    );
    expect(texts.slice(0, 5)).toEqual([undefined, "x", undefined, "é".repeat(70), undefined]);
  });
});
