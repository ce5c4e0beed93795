/** Writes spans of our own as OTLP. */

import type { Batch } from "./batch.ts";
import type { Attributes, Scope } from "./encode-records.ts";
import {
  defineFixedAttributes,
  type SpanKind,
  type SpanLinkRecord,
  type SpanPen,
  type StatusCode,
} from "./span-pen.ts";
import { SpanWriter } from "./span-writer.ts";

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
  readonly kind: SpanKind;
  /** Milliseconds since 1970, fractions allowed. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly status?: { readonly code: StatusCode; readonly message?: string };
  readonly links?: readonly SpanLinkRecord[];
}

/**
 * One request with one resource and one scope. Whole numbers become int64 attributes, other numbers doubles. Throws
 * TypeError for an id that is not hexadecimal or not of its length.
 */
export function encodeSpans(resource: Attributes, scope: Scope, spans: readonly SpanRecord[]): Batch {
  const writer = new SpanWriter(resource, scope, { bytes: 512 * spans.length });
  for (const span of spans) writeSpan(writer, span);
  return writer.finish();
}

function writeSpan(pen: SpanPen, span: SpanRecord): void {
  pen.open(span.traceId, span.spanId);
  if (span.tracestate !== undefined) pen.tracestate(span.tracestate);
  if (span.parentSpanId !== undefined) pen.parent(span.parentSpanId);
  pen.what(span.name, span.kind, span.startMs, span.endMs);
  pen.fixed(defineFixedAttributes(span.attributes));
  for (const link of span.links ?? []) pen.link(link);
  if (span.status !== undefined) pen.status(span.status.code, span.status.message);
  if (span.flags !== undefined) pen.flags(span.flags);
  pen.close();
}
