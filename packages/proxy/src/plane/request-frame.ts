/** What the fields of an HTTP/1 request say of its end and of its connection; two readers must never differ. Pure. */
import type { FieldLines } from "@tracemend/context";
import { isField } from "@tracemend/context";
import type { BodyKind } from "./plane.ts";

export interface RequestFrame {
  readonly body: BodyKind;
  /** Of a sized body. */
  readonly bodyBytes: number;
  /** What is wrong with the fields that say where it ends: nothing can be read behind such a request. */
  readonly violation: string | undefined;
  /** Another request may follow on the connection. */
  readonly keep: boolean;
  /** The caller waits for 100 Continue. */
  readonly expects: boolean;
  /** The protocol it would rather speak, in lower case. */
  readonly upgrade: string | undefined;
}

/**
 * Source: RFC 9112, section 6. Stricter where a lenient reader behind could see another end: one `Content-Length` of
 * digits alone, or one `Transfer-Encoding` that is `chunked`, never both.
 */
export function readRequestFrame(lines: FieldLines, version: string): RequestFrame {
  let length: string | undefined;
  let coding: string | undefined;
  let upgrade: string | undefined;
  let violation: string | undefined;
  let connection: string | undefined;
  let expects = false;
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    const value = lines[at + 1] as string;
    switch (name.length) {
      case 6:
        if (isField(name, "expect")) expects ||= version !== "1.0" && value.toLowerCase() === "100-continue";
        break;
      case 7:
        if (isField(name, "upgrade")) upgrade ??= value.toLowerCase();
        break;
      case 10:
        if (isField(name, "connection")) connection = connection === undefined ? value : `${connection},${value}`;
        break;
      case 14:
        if (!isField(name, "content-length")) break;
        if (length !== undefined) violation = "two Content-Length fields";
        length = value;
        break;
      case 17:
        if (!isField(name, "transfer-encoding")) break;
        if (coding !== undefined) violation = "two Transfer-Encoding fields";
        coding = value;
    }
  }
  if (coding !== undefined) violation ??= wrongCoding(coding, length, version);
  const bodyBytes = length === undefined ? 0 : readLength(length);
  if (bodyBytes < 0) violation ??= "a Content-Length that is no number";
  const body = violation !== undefined ? "none" : coding !== undefined ? "unsized" : bodyBytes > 0 ? "sized" : "none";
  const options = connection === undefined || connection === "keep-alive" ? NO_OPTIONS : optionsOf(connection);
  return {
    body,
    bodyBytes: body === "sized" ? bodyBytes : 0,
    violation,
    keep: connection === "keep-alive" || isKept(options, version),
    expects,
    // RFC 9110, section 7.8: without the option the field is of another connection.
    upgrade: options.includes("upgrade") ? upgrade : undefined,
  };
}

function wrongCoding(coding: string, length: string | undefined, version: string): string | undefined {
  if (length !== undefined) return "Content-Length and Transfer-Encoding";
  if (version === "1.0") return "Transfer-Encoding in HTTP/1.0";
  return coding.toLowerCase() === "chunked" ? undefined : "a Transfer-Encoding other than chunked";
}

/** RFC 9112, section 9.3: `close` stands against everything, `keep-alive` against the default of HTTP/1.0. */
function isKept(options: readonly string[], version: string): boolean {
  return !options.includes("close") && (version === "1.1" || options.includes("keep-alive"));
}

const NO_OPTIONS: readonly string[] = [];

function optionsOf(connection: string): readonly string[] {
  return connection
    .toLowerCase()
    .split(",")
    .map((option) => option.trim());
}

/** Bytes that `Content-Length` says; -1 where it is no number. */
export function readLength(text: string): number {
  if (text.length === 0 || text.length > 15) return -1;
  let value = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
