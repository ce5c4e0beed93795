import { describe, expect, it } from "vitest";
import { formatHex, parseHex } from "../../src/wire/hex.ts";

describe("hexadecimal digits", () => {
  it("are lower case out and either case in", () => {
    expect(formatHex(Uint8Array.of(9, 0, 0xab, 0xff), 1, 4)).toBe("00abff");
    expect(parseHex("00aBFf")).toEqual(Uint8Array.of(0, 0xab, 0xff));
    expect(parseHex("")).toEqual(new Uint8Array(0));
  });

  it.each(["0", "0g", "G0", " 0", "é0", "0:", "@0", "`0"])("are not %j", (text) => {
    expect(parseHex(text)).toBeUndefined();
  });
});
