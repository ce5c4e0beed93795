import { describe, expect, it } from "vitest";
import { formatJsonBatch, mergeBatches } from "@tracemend/otlp";
import { concat, fixed32, fixed64, hex, len, num, span, str, traceId, traces } from "../support/bytes.ts";
import { batch } from "../support/read.ts";

const value = (...fields: readonly Uint8Array[]): Uint8Array => len(9, str(1, "k"), len(2, ...fields));

function spanOf(...fields: readonly Uint8Array[]): unknown {
  const text = formatJsonBatch(batch(len(1, len(2, len(2, ...fields)))));
  const request = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: unknown[] }[] }[] };
  return request.resourceSpans[0]!.scopeSpans[0]!.spans[0];
}

describe("formatJsonBatch", () => {
  it("writes ids as digits, enums as numbers, 64 bits as text", () => {
    expect(
      spanOf(hex(1, traceId(255)), num(6, 2), fixed64(7, 2n ** 64n - 1n), num(10, 0xffffffff), fixed32(16, 0x301)),
    ).toEqual({
      traceId: traceId(255),
      kind: 2,
      startTimeUnixNano: "18446744073709551615",
      droppedAttributesCount: 4294967295,
      flags: 769,
    });
  });

  it.each([
    [str(1, 'quote " \\ \n é 🚀'), { stringValue: 'quote " \\ \n é 🚀' }],
    [num(2, 1), { boolValue: true }],
    [num(3, -1n), { intValue: "-1" }],
    [fixed64(4, 0x7ff8000000000000n), { doubleValue: "NaN" }],
    [fixed64(4, 0x7ff0000000000000n), { doubleValue: "Infinity" }],
    [fixed64(4, 0x8000000000000000n), { doubleValue: -0 }],
    [len(7, Uint8Array.of(0xff, 0xef)), { bytesValue: "/+8=" }],
    [len(5, len(1, str(1, "a")), len(1)), { arrayValue: { values: [{ stringValue: "a" }, {}] } }],
    [concat(str(1, "hidden"), num(3, 7)), { intValue: "7" }],
    [len(1, Uint8Array.of(0xff)), { stringValue: "\ufffd" }],
  ])("writes the value %#", (bytes, expected) => {
    expect(spanOf(value(bytes))).toEqual({ attributes: [{ key: "k", value: expected }] });
  });

  it("writes all parts as one request, without unknown fields", () => {
    const one = batch(concat(num(99, 1), traces([], span(1))));
    const request = JSON.parse(formatJsonBatch(mergeBatches([one, one]))) as { resourceSpans: unknown[] };
    expect(Object.keys(request)).toEqual(["resourceSpans"]);
    expect(request.resourceSpans).toHaveLength(2);
    expect(formatJsonBatch(batch(concat()))).toBe("{}");
  });

  it("writes zigzag and packed numbers of metrics", () => {
    const point = len(1, num(6, 5), len(8, num(1, 4), len(2, Uint8Array.of(1, 172, 2)), num(2, 7)));
    const text = formatJsonBatch(batch(len(1, len(2, len(2, len(10, point)))), "metrics"));
    expect(text).toContain('{"scale":-3,"positive":{"offset":2,"bucketCounts":["1","300","7"]}}');
  });

  it("throws for profiles", () => {
    expect(() => formatJsonBatch(batch(concat(), "profiles"))).toThrow("profiles have no JSON form");
  });
});
