/** Writes spans of our own as OTLP. */

import type { AttributeValue } from "./attribute.ts";
import { type Batch, batchOf } from "./batch.ts";
import { parseHex } from "./wire/hex.ts";
import { Writer } from "./wire/writer.ts";

export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface SpanRecord {
  /** 32 and 16 hexadecimal digits. */
  readonly traceId: string;
  readonly spanId: string;
  /** Absent for a root span. */
  readonly parentSpanId?: string;
  readonly tracestate?: string;
  /** W3C trace flags in bits 0-7; bit 8: it is known whether the parent is remote, bit 9: it is. */
  readonly flags?: number;
  readonly name: string;
  readonly kind: "server" | "client" | "internal" | "producer" | "consumer";
  /** Milliseconds since 1970, fractions allowed. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly status?: { readonly code: "unset" | "ok" | "error"; readonly message?: string };
  readonly links?: readonly SpanLinkRecord[];
}

export interface SpanLinkRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly tracestate?: string;
  readonly attributes?: Attributes;
}

const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
const statusCodes = { unset: 0, ok: 1, error: 2 } as const;

/**
 * One request with one resource and one scope. Whole numbers become int64 attributes, other numbers doubles. Throws
 * TypeError for an id that is not hexadecimal or not of its length.
 */
export function encodeSpans(
  resource: Attributes,
  scope: { readonly name: string; readonly version: string },
  spans: readonly SpanRecord[],
): Batch {
  const writer = new Writer(256 + 512 * spans.length);
  for (const span of spans.toReversed()) {
    const mark = writer.length;
    writeSpan(writer, span);
    writer.wrap(2, mark);
  }
  const scopeMark = writer.length;
  writer.stringField(2, scope.version);
  writer.stringField(1, scope.name);
  writer.wrap(1, scopeMark);
  writer.wrap(2, 0);
  const resourceMark = writer.length;
  writeAttributes(writer, 1, resource);
  writer.wrap(1, resourceMark);
  writer.wrap(1, 0);
  return batchOf("traces", [writer.finish()], spans.length);
}

function writeSpan(writer: Writer, span: SpanRecord): void {
  if (span.flags !== undefined) {
    writer.fixed32(span.flags);
    writer.tag(16, 5);
  }
  if (span.status !== undefined) {
    const mark = writer.length;
    writer.varintField(3, statusCodes[span.status.code]);
    if (span.status.message !== undefined) writer.stringField(2, span.status.message);
    writer.wrap(15, mark);
  }
  for (const link of (span.links ?? []).toReversed()) writeLink(writer, link);
  writeAttributes(writer, 9, span.attributes);
  writeTime(writer, 8, span.endMs);
  writeTime(writer, 7, span.startMs);
  writer.varintField(6, kinds[span.kind]);
  writer.stringField(5, span.name);
  if (span.parentSpanId !== undefined) writeId(writer, 4, "parentSpanId", span.parentSpanId, 8);
  if (span.tracestate !== undefined) writer.stringField(3, span.tracestate);
  writeId(writer, 2, "spanId", span.spanId, 8);
  writeId(writer, 1, "traceId", span.traceId, 16);
}

function writeLink(writer: Writer, link: SpanLinkRecord): void {
  const mark = writer.length;
  writeAttributes(writer, 4, link.attributes ?? {});
  if (link.tracestate !== undefined) writer.stringField(3, link.tracestate);
  writeId(writer, 2, "spanId", link.spanId, 8);
  writeId(writer, 1, "traceId", link.traceId, 16);
  writer.wrap(13, mark);
}

function writeAttributes(writer: Writer, number: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes).toReversed()) {
    const mark = writer.length;
    writeValue(writer, value);
    writer.wrap(2, mark);
    writer.stringField(1, key);
    writer.wrap(number, mark);
  }
}

function writeValue(writer: Writer, value: AttributeValue): void {
  if (typeof value === "string") writer.stringField(1, value);
  else if (typeof value === "boolean") writer.varintField(2, value ? 1 : 0);
  else if (Number.isSafeInteger(value)) {
    writer.varint64(BigInt(value));
    writer.tag(3, 0);
  } else {
    writer.double(value);
    writer.tag(4, 1);
  }
}

function writeId(writer: Writer, number: number, name: string, id: string, size: number): void {
  const bytes = parseHex(id);
  if (bytes?.length !== size) throw new TypeError(`${name}: not ${2 * size} hexadecimal digits: ${id}`);
  writer.bytesField(number, bytes);
}

/** A double cannot hold nanoseconds since 1970; whole milliseconds and the fraction are converted apart. */
function writeTime(writer: Writer, number: number, ms: number): void {
  const whole = Math.floor(ms);
  writer.fixed64(BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6)));
  writer.tag(number, 1);
}
