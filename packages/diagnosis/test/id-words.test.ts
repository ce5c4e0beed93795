import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KEY_WORDS, formatWords, readSpanId, readTraceId, sameWords } from "../src/id-words.ts";

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: length, maxLength: length });

describe("ids as words", () => {
  it("come back as the digits they were read from", () => {
    fc.assert(
      fc.property(hex(32), hex(16), (traceId, spanId) => {
        fc.pre(!/^0*$/.test(traceId) && !/^0*$/.test(spanId));
        const key = new Uint32Array(KEY_WORDS);
        expect(readTraceId(traceId, key)).toBe(true);
        expect(readSpanId(spanId, key, 4)).toBe(true);
        expect(formatWords(key, 0, 4)).toBe(traceId);
        expect(formatWords(key, 4, 2)).toBe(spanId);
        expect(sameWords(key, 0, key.slice(), 0, KEY_WORDS)).toBe(true);
      }),
    );
  });

  it.each(["", "0".repeat(16), "0af7651916cd43d", "0AF7651916CD43DD", "0af7651916cd43dg", "0af7651916cd43:d"])(
    "are refused for %j",
    (id) => {
      expect(readSpanId(id, new Uint32Array(KEY_WORDS), 4)).toBe(false);
    },
  );
});
