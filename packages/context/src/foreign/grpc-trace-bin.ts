/** OpenCensus' binary format over gRPC. Source: opencensus-specs, encodings/BinaryEncoding.md. */
import { fromBase64Url, toBase64Url } from "../base64url.ts";
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import { soleValue } from "../field-value.ts";
import { formatByte, isId, parseByte } from "../hex.ts";
import type { ForeignReading, Outgoing, Sampling } from "./format.ts";
import { MALFORMED, isRecorded, validContext } from "./format.ts";

const FIELD = "grpc-trace-bin";

export const fields: readonly string[] = [FIELD];

/** Version 0 has 29 bytes; what a later field adds is bounded by this many characters of base64. */
const MAX_LENGTH = 512;

/** Base64 with or without padding: byte 0 is the version 0, then `00` + 16 bytes, `01` + 8 bytes, `02` + 1 byte. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const value = soleValue(lines, FIELD);
  if (value === undefined) return undefined;
  const bytes = value.length > MAX_LENGTH ? undefined : bytesOf(value);
  if (bytes === undefined || bytes.charCodeAt(0) !== 0) return MALFORMED;
  let traceId = "";
  let parentId = "";
  let sampling: Sampling = "defer";
  for (let at = 1; at < bytes.length;) {
    const field = bytes.charCodeAt(at);
    const length = [16, 8, 1][field];
    // A field of a later version ends what can be read; it is no error.
    if (length === undefined) break;
    if (at + 1 + length > bytes.length) return MALFORMED;
    const content = bytes.slice(at + 1, at + 1 + length);
    if (field === 0) traceId = hexOf(content);
    else if (field === 1) parentId = hexOf(content);
    else sampling = (content.charCodeAt(0) & 1) === 1 ? "accept" : "deny";
    at += 1 + length;
  }
  return isId(traceId, 32) && isId(parentId, 16) ? validContext(traceId, parentId, sampling) : MALFORMED;
}

/** Unpadded, as gRPC writes it; a decision that is left to the callee has no flags field. */
export function write({ traceId, parentId, sampling }: Outgoing): readonly Edit[] {
  const flags = sampling === "defer" ? "" : `02${isRecorded(sampling) ? "01" : "00"}`;
  const value = toBase64Url(bytesOfHex(`0000${traceId}01${parentId}${flags}`));
  return [{ name: FIELD, value: value.replaceAll("-", "+").replaceAll("_", "/") }];
}

function bytesOf(base64: string): string | undefined {
  const unpadded = base64.endsWith("==") ? base64.slice(0, -2) : base64.endsWith("=") ? base64.slice(0, -1) : base64;
  return fromBase64Url(unpadded.replaceAll("+", "-").replaceAll("/", "_"));
}

function hexOf(bytes: string): string {
  let hex = "";
  for (let at = 0; at < bytes.length; at += 1) hex += formatByte(bytes.charCodeAt(at));
  return hex;
}

function bytesOfHex(hex: string): string {
  let bytes = "";
  for (let at = 0; at < hex.length; at += 2) bytes += String.fromCharCode(parseByte(hex, at));
  return bytes;
}
