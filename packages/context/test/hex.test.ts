import { describe, expect, it } from "vitest";
import { formatByte, hexBits, isId, isLowerHex, NOT_HEX, parseByte } from "../src/hex.ts";

describe("hexadecimal", () => {
  it("takes lower-case digits only", () => {
    expect(isLowerHex("0123456789abcdef", 0, 16)).toBe(true);
    for (const text of ["A", "g", "/", ":", "`", " ", "\u0130", "\u0161", "\uff11"])
      expect(isLowerHex(text, 0, 1)).toBe(false);
  });

  it("looks at nothing outside its range", () => {
    expect(isLowerHex("zz01zz", 2, 4)).toBe(true);
    expect(isLowerHex("01", 0, 3)).toBe(false);
  });

  it("tells an id that is all zero", () => {
    expect(hexBits("0000", 0, 4)).toBe(0);
    expect(hexBits("0008", 0, 4)).toBe(8);
    expect(hexBits("00x0", 0, 4) & NOT_HEX).toBe(NOT_HEX);
    expect(isId("0000000000000000", 16)).toBe(false);
    expect(isId("0000000000000001", 16)).toBe(true);
    expect(isId("000000000000001", 16)).toBe(false);
    expect(isId("000000000000001G", 16)).toBe(false);
  });

  it("writes and reads every byte", () => {
    for (let byte = 0; byte < 256; byte += 1) expect(parseByte(formatByte(byte), 0)).toBe(byte);
    expect(formatByte(0x1ff)).toBe("ff");
    expect([0, 10, 255].map(formatByte).join("")).toBe("000aff");
  });

  it("reads no byte where the text ends or is no hexadecimal", () => {
    expect(parseByte("f", 0)).toBe(-1);
    expect(parseByte("0af", 2)).toBe(-1);
    expect(parseByte("FF", 0)).toBe(-1);
  });
});
