import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { fromBase64Url, toBase64Url } from "../src/base64url.ts";

const TEXTS = ["", "a", "ab", "abc", "abcd", "\u0000\u00ff\u0080", "?>~ <", "x".repeat(300)];

describe("base64url", () => {
  it("writes what the platform writes", () => {
    for (const text of TEXTS) expect(toBase64Url(text)).toBe(Buffer.from(text, "latin1").toString("base64url"));
  });

  it("reads back what it wrote", () => {
    for (const text of TEXTS) expect(fromBase64Url(toBase64Url(text))).toBe(text);
  });

  it("refuses a foreign character, padding and an impossible length", () => {
    for (const text of ["ab+c", "ab/c", "YQ==", "a", "abcde", "ab c", "é"]) expect(fromBase64Url(text)).toBeUndefined();
  });
});
