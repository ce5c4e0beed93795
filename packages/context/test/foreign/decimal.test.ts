import { expect, it } from "vitest";
import { decimalOfHex, hexOfDecimal } from "../../src/foreign/decimal.ts";

it("decimals are exact over all 64 bits", () => {
  for (const [decimal, hex] of [
    ["0", "0000000000000000"],
    ["1", "0000000000000001"],
    ["9007199254740993", "0020000000000001"],
    ["18446744073709551615", "ffffffffffffffff"],
  ] as const) {
    expect(hexOfDecimal(decimal)).toBe(hex);
    expect(decimalOfHex(hex)).toBe(decimal);
  }
});

it("what is no decimal of 64 bits is none", () => {
  for (const text of [
    "",
    "18446744073709551616",
    "99999999999999999999",
    "-1",
    "+1",
    "1.0",
    "1e3",
    " 1",
    "0x1",
    "1n",
    "١",
  ])
    expect([text, hexOfDecimal(text)]).toEqual([text, undefined]);
});
