import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashBytes, hashShort } from "../src/hash.ts";

describe("the hash of a text", () => {
  it("is that of its bytes", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const bytes = Uint8Array.from(` ${text} `, (character) => character.charCodeAt(0));
        expect(hashBytes(bytes, 1, bytes.length - 1)).toBe(hashShort(text));
      }),
    );
  });
});
