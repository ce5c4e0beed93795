import { describe, expect, it } from "vitest";
import { encodeSpans, forEachSpan, readBatch, type SpanRecord } from "@tracemend/otlp";
import { spanId, traceId } from "./support/bytes.ts";
import { decodeBatch } from "./support/reference.ts";

const record: SpanRecord = {
  traceId: traceId(0xaa),
  spanId: spanId(1),
  parentSpanId: spanId(2),
  tracestate: "tm=1",
  flags: 0x301,
  name: "GET /ü😀\ud800",
  kind: "server",
  startMs: 1_700_000_000_123.25,
  endMs: 1_700_000_000_124,
  attributes: { text: "é", whole: -3, large: 2 ** 53, part: 0.5, not: NaN, flag: false },
  status: { code: "error", message: "upstream reset" },
  links: [{ traceId: traceId(3), spanId: spanId(4), tracestate: "a=b", attributes: { why: "restart" } }],
};
const batch = encodeSpans({ "service.name": "proxy", pid: 7 }, { name: "tracemend", version: "1" }, [
  record,
  { traceId: traceId(1), spanId: spanId(5), name: "", kind: "client", startMs: 0, endMs: 0.000001, attributes: {} },
]);

describe("encodeSpans", () => {
  it("writes what an independent reader reads", () => {
    const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");
    expect(decodeBatch(batch)).toEqual({
      resourceSpans: [
        {
          resource: {
            attributes: [
              { key: "service.name", value: { stringValue: "proxy" } },
              { key: "pid", value: { intValue: "7" } },
            ],
          },
          scopeSpans: [
            {
              scope: { name: "tracemend", version: "1" },
              spans: [
                {
                  traceId: base64(record.traceId),
                  spanId: base64(record.spanId),
                  parentSpanId: base64(spanId(2)),
                  traceState: "tm=1",
                  flags: 0x301,
                  name: "GET /ü😀\ufffd",
                  kind: 2,
                  startTimeUnixNano: "1700000000123250000",
                  endTimeUnixNano: "1700000000124000000",
                  attributes: [
                    { key: "text", value: { stringValue: "é" } },
                    { key: "whole", value: { intValue: "-3" } },
                    { key: "large", value: { doubleValue: 2 ** 53 } },
                    { key: "part", value: { doubleValue: 0.5 } },
                    { key: "not", value: { doubleValue: NaN } },
                    { key: "flag", value: { boolValue: false } },
                  ],
                  status: { code: 2, message: "upstream reset" },
                  links: [
                    {
                      traceId: base64(traceId(3)),
                      spanId: base64(spanId(4)),
                      traceState: "a=b",
                      attributes: [{ key: "why", value: { stringValue: "restart" } }],
                    },
                  ],
                },
                {
                  traceId: base64(traceId(1)),
                  spanId: base64(spanId(5)),
                  name: "",
                  kind: 3,
                  startTimeUnixNano: "0",
                  endTimeUnixNano: "1",
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it("writes what the package itself reads, with the right count and size", () => {
    expect(readBatch("traces", batch.parts[0]!)).toEqual({ kind: "batch", batch, suspect: false });
    const names: string[] = [];
    forEachSpan(batch, (span) => names.push(span.name()));
    expect(names).toEqual(["GET /ü😀\ufffd", ""]);
  });

  it("refuses ids of another length or alphabet", () => {
    const write = (change: Partial<SpanRecord>): unknown =>
      encodeSpans({}, { name: "", version: "" }, [{ ...record, ...change }]);
    expect(() => write({ traceId: spanId(1) })).toThrow("traceId: not 32 hexadecimal digits: 0000000000000001");
    expect(() => write({ spanId: "0000000000000x01" })).toThrow("spanId: not 16 hexadecimal digits");
    expect(() => write({ parentSpanId: "" })).toThrow("parentSpanId");
  });

  it("makes a request without spans when there are none", () => {
    expect(encodeSpans({}, { name: "s", version: "" }, [])).toMatchObject({ items: 0, signal: "traces" });
  });
});
