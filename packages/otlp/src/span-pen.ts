/** How a span is told field by field, and what of it is encoded once for many. */

import { type Attributes, writeAttributes } from "./encode-records.ts";
import { Writer } from "./wire/writer.ts";

export type SpanKind = "server" | "client" | "internal" | "producer" | "consumer";
export type StatusCode = "unset" | "ok" | "error";

export interface SpanLinkRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly tracestate?: string;
  readonly attributes?: Attributes;
}

/** The name of an attribute, encoded once for all spans that have it. */
export interface AttributeName {
  readonly name: string;
  /** The field `key` of a KeyValue, and the tag of its `value`. */
  readonly bytes: Uint8Array;
}

export function defineAttributeName(name: string): AttributeName {
  const writer = new Writer(name.length + 4);
  writer.tag(2, 2);
  writer.stringField(1, name);
  return { name, bytes: writer.finish() };
}

/** Attributes and their values, encoded once for all spans that have them. */
export interface FixedAttributes {
  readonly attributes: Attributes;
  /** As fields of a Span. */
  readonly bytes: Uint8Array;
}

export function defineFixedAttributes(attributes: Attributes): FixedAttributes {
  const writer = new Writer();
  writeAttributes(writer, 9, attributes);
  return { attributes, bytes: writer.finish() };
}

/**
 * Takes spans, each from `open` to `close`. In between come, in this order, its tracestate and its parent where it has
 * them, what it is, then its attributes, links, status and flags.
 */
export interface SpanPen {
  /** 32 and 16 hexadecimal digits. What was opened before and not closed is forgotten. */
  open(traceId: string, spanId: string): void;
  tracestate(value: string): void;
  parent(spanId: string): void;
  /** Milliseconds since 1970, fractions allowed. */
  what(name: string, kind: SpanKind, startMs: number, endMs: number): void;
  text(name: AttributeName, value: string): void;
  /** A whole number becomes an int64, any other a double. */
  number(name: AttributeName, value: number): void;
  flag(name: AttributeName, value: boolean): void;
  fixed(attributes: FixedAttributes): void;
  link(link: SpanLinkRecord): void;
  status(code: StatusCode, message?: string): void;
  /** W3C trace flags in bits 0-7; bit 8: it is known whether the parent is remote, bit 9: it is. */
  flags(bits: number): void;
  close(): void;
}
