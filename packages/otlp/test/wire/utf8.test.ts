import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, equalsUtf8, isUtf8 } from "../../src/wire/utf8.ts";

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc
    .array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xf5), {
      maxLength: 8,
    })
    .map((b) => Uint8Array.from(b)),
);
const anyText = fc.oneof(
  fc
    .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0x41, 0xd83d, 0xde80)))
    .map((codes) => String.fromCharCode(...codes)),
  fc.array(fc.integer({ min: 0xd7ff, max: 0xe000 })).map((codes) => String.fromCharCode(...codes)),
);

describe("UTF-8", () => {
  it("is decoded as TextDecoder does it", () => {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(decodeUtf8(bytes, 0, bytes.length)).toBe(decoder.decode(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it("is valid exactly when a fatal TextDecoder accepts it", () => {
    const accepts = (bytes: Uint8Array): boolean => {
      try {
        new TextDecoder("utf-8", { fatal: true }).decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(isUtf8(bytes, 0, bytes.length)).toBe(accepts(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it("is encoded as TextEncoder does it", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
      }),
    );
  });

  it("equals the text it was encoded from and no other", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (text, other) => {
        const bytes = new TextEncoder().encode(text);
        expect(equalsUtf8(bytes, 0, bytes.length, text)).toBe(true);
        expect(equalsUtf8(bytes, 0, bytes.length, other)).toBe(text === other);
      }),
    );
  });
});
