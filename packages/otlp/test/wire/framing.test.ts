import { describe, expect, it } from "vitest";
import { messageTypes } from "../../src/wire/fields.ts";
import { proveFraming, type WireDefectCode } from "../../src/wire/framing.ts";
import {
  type Bytes,
  concat,
  fixed32,
  fixed64,
  group,
  len,
  num,
  pair,
  span,
  str,
  tag,
  traces,
  varint,
} from "../support/bytes.ts";

function defectOf(bytes: Bytes, type = messageTypes.Traces): { code: WireDefectCode; offset: number } | "proven" {
  const framing = proveFraming(type, bytes);
  return framing.kind === "proven" ? "proven" : { code: framing.defect.code, offset: framing.defect.offset };
}

const inSpan = (...more: readonly Bytes[]): Bytes => traces([], span(1, ...more));

describe("proveFraming accepts", () => {
  it.each<[string, Bytes]>([
    ["an empty message", concat()],
    ["an empty envelope", len(1)],
    ["tags and lengths padded to ten bytes", concat(tag(1, 2, 10), varint(0, 10))],
    ["a negative int64 of ten bytes", inSpan(len(9, str(1, "n"), len(2, num(3, -1n))))],
    ["unknown fields of every wire type", concat(num(99, 7), fixed64(98, 1n), str(1000, "x"), fixed32(97, 2))],
    ["the largest field number", num(0x1fffffff, 1)],
    ["an unknown group with fields and groups in it", inSpan(group(99, num(1, 1), group(2, str(1, "x"))))],
    ["a repeated resource", len(1, len(1, pair(1, "a", "b")), len(1, pair(1, "c", "d")))],
    ["any field order", len(1, str(3, "url"), len(2, span(1)), len(1))],
  ])("%s", (_what, bytes) => {
    expect(defectOf(bytes)).toBe("proven");
  });

  it("repeated numbers packed, unpacked and mixed", () => {
    const bounds = concat(fixed64(7, 1n), len(7, fixed64(1, 2n).subarray(1), fixed64(1, 3n).subarray(1)));
    expect(defectOf(bounds, messageTypes.HistogramDataPoint)).toBe("proven");
    expect(defectOf(len(2, varint(1), varint(300)), messageTypes.Buckets)).toBe("proven");
  });
});

describe("proveFraming refuses", () => {
  it.each<[string, Bytes, WireDefectCode, number]>([
    ["a tag without a value", tag(1, 2), "truncated", 1],
    ["a fixed value that is cut off", concat(tag(99, 1), new Uint8Array(7)), "truncated", 2],
    ["a length behind the end of the body", concat(tag(1, 2), varint(1)), "overrun", 1],
    ["a length above 2^31", concat(tag(1, 2), varint(2 ** 31 + 1)), "overrun", 1],
    ["a length that is negative as int32", concat(tag(1, 2), varint(0xffffffff)), "overrun", 1],
    [
      "an inner length behind its message but inside the body",
      concat(len(1, tag(2, 2), varint(1)), len(1)),
      "overrun",
      3,
    ],
    ["a varint of eleven bytes", concat(tag(99, 0), varint(1, 11)), "varint", 12],
    [
      "a varint of 65 bits",
      concat(tag(99, 0), Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 2)),
      "varint",
      12,
    ],
    ["field number 0", concat(tag(0, 0), varint(1)), "tag", 0],
    ["a field number above 2^29-1", concat(tag(2 ** 29, 0), varint(1)), "tag", 0],
    ["wire type 6", concat(tag(99, 6), varint(1)), "wire-type", 0],
    ["wire type 7 in a group", concat(tag(99, 3), tag(1, 7)), "wire-type", 2],
    ["a known field with another wire type", num(1, 1), "wire-type", 0],
    ["a known field as a group", group(1), "wire-type", 0],
    ["a group without an end", concat(tag(99, 3), num(1, 1)), "group", 4],
    ["a group that ends with another number", concat(tag(99, 3), tag(98, 4)), "group", 2],
    ["a group end without its start", tag(99, 4), "group", 0],
    ["a group that ends behind its message", concat(len(1, tag(99, 3)), tag(99, 4)), "group", 4],
  ])("%s", (_what, bytes, code, offset) => {
    expect(defectOf(bytes)).toEqual({ code, offset });
  });

  it("packed numbers that do not fill their length", () => {
    expect(defectOf(len(6, new Uint8Array(9)), messageTypes.HistogramDataPoint)).toMatchObject({ code: "truncated" });
  });

  it("values nested deeper than a C++ or Java reader would follow, and no stack overflow comes of it", () => {
    const nested = (levels: number): Bytes => {
      let value = str(1, "x");
      for (let level = 0; level < levels; level++) value = len(5, len(1, value));
      return inSpan(len(9, str(1, "k"), len(2, value)));
    };
    expect(defectOf(nested(47))).toBe("proven");
    expect(defectOf(nested(48))).toMatchObject({ code: "depth" });
    expect(defectOf(nested(2000))).toMatchObject({ code: "depth" });
  });

  it("maps nested too deep, although the innermost attribute is a plain one", () => {
    const nested = (maps: number, arrays: number): Bytes => {
      let value = str(1, "x");
      for (let level = 0; level < maps; level++) value = len(6, len(1, str(1, "k"), len(2, value)));
      for (let level = 0; level < arrays; level++) value = len(5, len(1, value));
      return inSpan(len(9, str(1, "k"), len(2, value)));
    };
    expect(defectOf(nested(30, 2))).toBe("proven");
    expect(defectOf(nested(31, 1))).toMatchObject({ code: "depth" });
    expect(defectOf(nested(29, 4))).toMatchObject({ code: "depth" });
  });

  it("groups nested deeper than a hundred", () => {
    const nested = (levels: number): Bytes =>
      concat(...Array.from({ length: levels }, () => tag(99, 3)), ...Array.from({ length: levels }, () => tag(99, 4)));
    expect(defectOf(nested(100))).toBe("proven");
    expect(defectOf(nested(101))).toMatchObject({ code: "depth" });
  });
});

describe("proveFraming counts", () => {
  const items = (bytes: Bytes, type = messageTypes.Traces): number | undefined => {
    const framing = proveFraming(type, bytes);
    return framing.kind === "proven" ? framing.items : undefined;
  };

  it("spans", () => {
    expect(items(concat(traces([], span(1), span(2)), traces([], span(3))))).toBe(3);
  });

  it("data points of every kind of metric", () => {
    const metrics = [5, 7, 9, 10, 11].map((kind) => len(2, str(1, "m"), len(kind, len(1), len(1))));
    expect(items(len(1, len(2, ...metrics)), messageTypes.Metrics)).toBe(10);
  });

  it("only the data points of the last member when a metric has several", () => {
    const metric = len(2, len(5, len(1), len(1)), len(7, len(1)));
    expect(items(len(1, len(2, len(2, len(5, len(1))), metric)), messageTypes.Metrics)).toBe(2);
  });
});
