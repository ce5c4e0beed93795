import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readDouble,
  readFixed32,
  readFixed64,
  readInt32,
  readInt64,
  readUint64,
  readVarint,
} from "../../src/wire/cursor.ts";
import { varintBytes, Writer } from "../../src/wire/writer.ts";
import { concat, fixed32, fixed64, len, num, str, varint } from "../support/bytes.ts";

function written(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(1);
  write(writer);
  return writer.finish();
}

describe("Writer", () => {
  it("writes from the last field to the first, and grows", () => {
    const bytes = written((writer) => {
      writer.fixed32(7);
      writer.tag(3, 5);
      const mark = writer.length;
      writer.varintField(2, 300);
      writer.stringField(1, "x".repeat(200));
      writer.wrap(2, mark);
      writer.fixed64(-1n);
      writer.tag(1, 1);
    });
    expect(bytes).toEqual(
      concat(fixed64(1, 2n ** 64n - 1n), len(2, str(1, "x".repeat(200)), num(2, 300)), fixed32(3, 7)),
    );
  });

  it("writes every whole number as the shortest varint, and reads it back", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = written((writer) => writer.varint(value));
        expect(bytes).toEqual(varint(value));
        expect(bytes.length).toBe(varintBytes(value));
        expect(readVarint(bytes, 0)).toBe(value);
      }),
    );
  });

  it("writes and reads all 64 bits", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
        const bytes = written((writer) => writer.varint64(value));
        expect(bytes).toEqual(varint(value));
        expect(readInt64(bytes, 0)).toBe(BigInt.asIntN(64, value));
        expect(readUint64(bytes, 0)).toBe(BigInt.asUintN(64, value));
        expect(readInt32(bytes, 0)).toBe(Number(BigInt.asIntN(32, value)));
        expect(
          readFixed64(
            written((writer) => writer.fixed64(value)),
            0,
          ),
        ).toBe(BigInt.asUintN(64, value));
      }),
    );
  });

  it("writes and reads doubles and 32 bits", () => {
    fc.assert(
      fc.property(fc.double(), fc.nat({ max: 2 ** 31 - 1 }), (double, whole) => {
        expect(
          readDouble(
            written((writer) => writer.double(double)),
            0,
          ),
        ).toBe(double);
        expect(
          readFixed32(
            written((writer) => writer.fixed32(whole * 2 + 1)),
            0,
          ),
        ).toBe(whole * 2 + 1);
      }),
    );
  });

  it("writes every text as TextEncoder does", () => {
    const text = fc.oneof(
      fc
        .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0x41, 0xd83d, 0xde80)))
        .map((codes) => String.fromCharCode(...codes)),
      fc
        .array(fc.constantFrom(0x41, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe9))
        .map((codes) => String.fromCharCode(...codes)),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect([...written((writer) => writer.text(value))]).toEqual([...new TextEncoder().encode(value)]);
      }),
      { numRuns: 500 },
    );
  });

  it("copies ranges in their order", () => {
    const source = Uint8Array.from({ length: 200 }, (_, index) => index);
    expect([...written((writer) => writer.copyRanges(source, [3, 5, 100, 190]))]).toEqual([
      ...source.subarray(3, 5),
      ...source.subarray(100, 190),
    ]);
  });
});
