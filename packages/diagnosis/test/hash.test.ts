import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SHORT_START, addByte, addBytes, endShort, hashShort } from "../src/hash.ts";

describe("the hash of a text", () => {
  it("is that of its bytes, in however many parts these come", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const text = `${before}/${after}`;
        const bytes = Uint8Array.from(` ${text} `, (character) => character.charCodeAt(0));
        const [start, middle, stop] = [1, 1 + before.length, bytes.length - 1];
        expect(endShort(addBytes(SHORT_START, bytes, start, stop))).toBe(hashShort(text));
        const slash = addByte(addBytes(SHORT_START, bytes, start, middle), "/".charCodeAt(0));
        expect(endShort(addBytes(slash, bytes, middle + 1, stop))).toBe(hashShort(text));
      }),
    );
  });
});
