import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AttributeValue,
  defineAttributeName,
  defineFixedAttributes,
  encodeSpans,
  type SpanPen,
  type SpanRecord,
  SpanWriter,
} from "@tracemend/otlp";
import { spanId, traceId } from "./support/bytes.ts";
import { decodeBatch } from "./support/reference.ts";

const RESOURCE = { "service.name": "proxy" };
const SCOPE = { name: "tracemend", version: "1" };

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from("0123456789abcdefABCDEF")), minLength: length, maxLength: length });
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)),
  // Lengths at which the prefix of a text, or of all around it, grows by a byte.
  fc.constantFrom("x".repeat(127), "é".repeat(64), "x".repeat(16_383), "é".repeat(8_192)),
);
const value = fc.oneof(text, fc.boolean(), fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(127, 128));
const attributes = fc.dictionary(fc.oneof(text, fc.constant("key")), value, { maxKeys: 5 });
const ms = fc.oneof(fc.double({ min: 0, max: 4e12, noNaN: true }), fc.integer({ min: 0, max: 2e12 }));
const record = fc.record(
  {
    traceId: hex(32),
    spanId: hex(16),
    parentSpanId: hex(16),
    tracestate: text,
    flags: fc.nat({ max: 0xffff_ffff }),
    name: text,
    kind: fc.constantFrom("server" as const, "client" as const, "internal" as const),
    startMs: ms,
    endMs: ms,
    attributes,
    status: fc.record(
      { code: fc.constantFrom("unset" as const, "ok" as const, "error" as const), message: text },
      { requiredKeys: ["code"] },
    ),
    links: fc.array(
      fc.record(
        { traceId: hex(32), spanId: hex(16), tracestate: text, attributes },
        { requiredKeys: ["traceId", "spanId"] },
      ),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ["traceId", "spanId", "name", "kind", "startMs", "endMs", "attributes"] },
) as fc.Arbitrary<SpanRecord>;

function put(pen: SpanPen, key: string, given: AttributeValue): void {
  const name = defineAttributeName(key);
  if (typeof given === "string") pen.text(name, given);
  else if (typeof given === "number") pen.number(name, given);
  else pen.flag(name, given);
}

/** Attribute by attribute, every other one as what is encoded once. */
function tell(pen: SpanPen, span: SpanRecord): void {
  pen.open(span.traceId, span.spanId);
  if (span.tracestate !== undefined) pen.tracestate(span.tracestate);
  if (span.parentSpanId !== undefined) pen.parent(span.parentSpanId);
  pen.what(span.name, span.kind, span.startMs, span.endMs);
  Object.entries(span.attributes).forEach(([key, given], at) => {
    if (at % 2 === 0) put(pen, key, given);
    else pen.fixed(defineFixedAttributes({ [key]: given }));
  });
  for (const link of span.links ?? []) pen.link(link);
  if (span.status !== undefined) pen.status(span.status.code, span.status.message);
  if (span.flags !== undefined) pen.flags(span.flags);
  pen.close();
}

const encoder = new TextEncoder();
const runtimes = {
  "with its own text": undefined,
  "with a runtime's": (bytes: Uint8Array, pos: number, given: string): number =>
    pos + encoder.encodeInto(given, bytes.subarray(pos)).written,
};

describe("the writer of spans", () => {
  it.each(Object.entries(runtimes))("writes field by field what a record is encoded to, %s", (_, writeText) => {
    const writer = new SpanWriter(RESOURCE, SCOPE, { bytes: 64, ...(writeText === undefined ? {} : { writeText }) });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 3 }), (spans) => {
        for (const span of spans) tell(writer, span);
        expect(writer.spans).toBe(spans.length);
        const batch = writer.finish();
        const expected = encodeSpans(RESOURCE, SCOPE, spans);
        expect([batch.items, batch.bytes]).toEqual([expected.items, expected.bytes]);
        expect(Buffer.from(batch.parts[0]!).equals(expected.parts[0]!)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("writes times that another reader reads, to the nanosecond", () => {
    const span = { traceId: traceId(1), spanId: spanId(1), name: "", kind: "server", attributes: {} } as const;
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2_000_000_000_000n }), fc.nat({ max: 7 }), (whole, eighths) => {
        const startMs = Number(whole) + eighths / 8;
        const decoded = JSON.stringify(decodeBatch(encodeSpans({}, SCOPE, [{ ...span, startMs, endMs: 0 }])));
        expect(decoded).toContain(`"startTimeUnixNano":"${whole * 1_000_000n + BigInt(eighths) * 125_000n}"`);
      }),
    );
  });

  it("forgets a span that was not told to its end, and keeps nothing of what it gave away", () => {
    const span = { spanId: spanId(1), name: "GET", kind: "server", startMs: 1, endMs: 2, attributes: {} } as const;
    const [first, second] = [
      { ...span, traceId: traceId(1) },
      { ...span, traceId: traceId(2) },
    ];
    const writer = new SpanWriter(RESOURCE, SCOPE);
    tell(writer, first);
    expect(() => tell(writer, { ...span, traceId: "no" })).toThrow("traceId: not 32 hexadecimal digits: no");
    writer.open(traceId(3), spanId(3));
    const batch = writer.finish();
    tell(writer, second);
    expect(writer.finish()).toEqual(encodeSpans(RESOURCE, SCOPE, [second]));
    expect(batch).toEqual(encodeSpans(RESOURCE, SCOPE, [first]));
  });

  it("gives what was written in memory that it is told to take", () => {
    const writer = new SpanWriter(RESOURCE, SCOPE);
    const span = { name: "GET", kind: "server", startMs: 1, endMs: 2, attributes: {} } as const;
    const one = { ...span, traceId: traceId(1), spanId: spanId(1) };
    const memory = new Uint8Array(1_000).fill(7);
    tell(writer, one);
    const batch = writer.finish((bytes) => (bytes > memory.length ? new Uint8Array(bytes) : memory));
    expect(batch).toEqual(encodeSpans(RESOURCE, SCOPE, [one]));
    expect(batch.parts[0]?.buffer).toBe(memory.buffer);
  });
});
