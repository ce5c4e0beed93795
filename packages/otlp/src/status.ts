/** google.rpc.Status: the body of an OTLP/HTTP error and the `grpc-status-details-bin` trailer, with RetryInfo. */

import { Cursor, readInt32, readInt64 } from "./wire/cursor.ts";
import { messageTypes } from "./wire/fields.ts";
import { proveFraming, type WireDefect } from "./wire/framing.ts";
import { decodeUtf8, equalsUtf8 } from "./wire/utf8.ts";
import { Writer } from "./wire/writer.ts";

export interface Status {
  /** A gRPC status code. */
  readonly code: number;
  readonly message: string;
  /** google.rpc.RetryInfo: the same request may be sent again after this time. */
  readonly retryAfterMs?: number;
}

export type StatusReading =
  | { readonly kind: "status"; readonly status: Status }
  | { readonly kind: "malformed"; readonly defect: WireDefect };

const retryInfoUrl = "type.googleapis.com/google.rpc.RetryInfo";

/** `retryAfterMs` of 0 or more is written with nanosecond precision. */
export function encodeStatus(status: Status): Uint8Array {
  const writer = new Writer();
  if (status.retryAfterMs !== undefined) {
    const seconds = Math.floor(status.retryAfterMs / 1000);
    const nanos = Math.round((status.retryAfterMs - seconds * 1000) * 1e6);
    if (nanos > 0) writer.varintField(2, nanos);
    if (seconds > 0) writer.varintField(1, seconds);
    writer.wrap(1, 0);
    writer.wrap(2, 0);
    writer.stringField(1, retryInfoUrl);
    writer.wrap(3, 0);
  }
  if (status.message !== "") writer.stringField(2, status.message);
  if (status.code !== 0) writer.varintField(1, status.code);
  return writer.finish();
}

/** Details other than RetryInfo are passed over; a negative delay is read as 0. */
export function decodeStatus(bytes: Uint8Array): StatusReading {
  const framing = proveFraming(messageTypes.Status, bytes);
  if (framing.kind === "malformed") return framing;
  let code = 0;
  let message = "";
  let retryAfterMs: number | undefined;
  const cursor = new Cursor().open(bytes, 0, bytes.length);
  while (cursor.next()) {
    if (cursor.field === 1) code = readInt32(bytes, cursor.start);
    else if (cursor.field === 2) message = decodeUtf8(bytes, cursor.start, cursor.stop);
    else if (cursor.field === 3)
      retryAfterMs = readRetryInfo(bytes.subarray(cursor.start, cursor.stop)) ?? retryAfterMs;
  }
  return { kind: "status", status: { code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) } };
}

/** The delay in an Any message, if that is what it holds and it is well-formed. */
function readRetryInfo(any: Uint8Array): number | undefined {
  let isRetryInfo = false;
  let value: Uint8Array | undefined;
  const cursor = new Cursor().open(any, 0, any.length);
  while (cursor.next()) {
    if (cursor.field === 1) isRetryInfo = equalsUtf8(any, cursor.start, cursor.stop, retryInfoUrl);
    else if (cursor.field === 2) value = any.subarray(cursor.start, cursor.stop);
  }
  if (!isRetryInfo || value === undefined) return undefined;
  if (proveFraming(messageTypes.RetryInfo, value).kind === "malformed") return undefined;
  let seconds = 0;
  let nanos = 0;
  const delay = new Cursor();
  cursor.open(value, 0, value.length);
  while (cursor.next()) {
    if (cursor.field !== 1) continue;
    delay.open(value, cursor.start, cursor.stop);
    while (delay.next()) {
      if (delay.field === 1) seconds = Number(readInt64(value, delay.start));
      else if (delay.field === 2) nanos = readInt32(value, delay.start);
    }
  }
  return Math.max(0, seconds * 1000 + nanos / 1e6);
}
