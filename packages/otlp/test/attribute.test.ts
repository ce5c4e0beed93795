import { describe, expect, it } from "vitest";
import { AttributeView } from "../src/attribute.ts";
import { type Bytes, concat, fixed64, len, num, str } from "./support/bytes.ts";

function read(...fields: readonly Bytes[]): [string, unknown] {
  const bytes = concat(...fields);
  const view = new AttributeView().open(bytes, 0, bytes.length);
  return [view.key(), view.value()];
}

describe("AttributeView", () => {
  it.each<[string, Bytes, unknown]>([
    ["a string", str(1, "ü"), "ü"],
    ["true", num(2, 1), true],
    ["true as any varint but zero", num(2, 256), true],
    ["false", num(2, 0), false],
    ["a negative integer", num(3, -5n), -5],
    ["a double", fixed64(4, 0x3ff8000000000000n), 1.5],
    ["an array", len(5, len(1, str(1, "x"))), undefined],
    ["a map", len(6), undefined],
    ["bytes", str(7, "x"), undefined],
    ["nothing", concat(), undefined],
    ["a reference into a dictionary, which only profiles have", num(8, 3), undefined],
  ])("reads %s", (_what, value, expected) => {
    expect(read(str(1, "k"), len(2, value))).toEqual(["k", expected]);
    expect(read(len(2, value), str(1, "k"))).toEqual(["k", expected]);
  });

  it("takes the last member of the value's oneof, also over several value messages", () => {
    expect(read(str(1, "k"), len(2, str(1, "hidden"), num(3, 7)))).toEqual(["k", 7]);
    expect(read(str(1, "k"), len(2, str(1, "hidden")), len(2, num(3, 7)), len(2))).toEqual(["k", 7]);
    expect(read(str(1, "k"), len(2, num(3, 7), str(1, "shown")))).toEqual(["k", "shown"]);
    expect(read(str(1, "k"), len(2, str(1, "hidden"), num(8, 3)))).toEqual(["k", undefined]);
  });

  it("takes the last of several keys", () => {
    expect(read(str(1, "a"), str(1, "b"), len(2))).toEqual(["b", undefined]);
  });

  it("treats a key by dictionary index as no key", () => {
    expect(read(num(3, 5), len(2, str(1, "x")))).toEqual(["", "x"]);
  });

  it("compares keys by all their bytes", () => {
    const bytes = str(1, "naïve");
    const view = new AttributeView().open(bytes, 0, bytes.length);
    expect(["naïve", "naïv", "naïvee", "naive", "", "na"].filter((key) => view.hasKey(key))).toEqual(["naïve"]);
  });
});
