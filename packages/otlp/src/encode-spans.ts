/** Writes spans of our own as OTLP. */

import type { Batch } from "./batch.ts";
import { type Attributes, encodeRecords, type Scope, writeAttributes, writeId, writeTime } from "./encode-records.ts";
import type { Writer } from "./wire/writer.ts";

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
export function encodeSpans(resource: Attributes, scope: Scope, spans: readonly SpanRecord[]): Batch {
  return encodeRecords("traces", { resource, scope }, spans, writeSpan);
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
