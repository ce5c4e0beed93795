/** Where an HTTP/1 request ends, told by fields that two readers must never read differently. Pure. */
import type { FieldLines } from "@tracemend/context";
import { isField } from "@tracemend/context";
import type { BodyKind } from "./plane/plane.ts";

/** A text names what is wrong. */
export type Framing = { readonly body: BodyKind } | { readonly violation: string };

const NONE: Framing = { body: "none" };
const SIZED: Framing = { body: "sized" };
const UNSIZED: Framing = { body: "unsized" };

/**
 * Source: RFC 9112, section 6. Stricter where a lenient reader behind could see another end: one `Content-Length` of
 * digits alone, or one `Transfer-Encoding` that is `chunked`, never both.
 */
export function readFraming(lines: FieldLines, version: string): Framing {
  let length: string | undefined;
  let coding: string | undefined;
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    if (name.length === 14 && isField(name, "content-length")) {
      if (length !== undefined) return { violation: "two Content-Length fields" };
      length = lines[at + 1] as string;
    } else if (name.length === 17 && isField(name, "transfer-encoding")) {
      if (coding !== undefined) return { violation: "two Transfer-Encoding fields" };
      coding = lines[at + 1] as string;
    }
  }
  if (coding !== undefined) {
    if (length !== undefined) return { violation: "Content-Length and Transfer-Encoding" };
    if (version === "1.0") return { violation: "Transfer-Encoding in HTTP/1.0" };
    if (coding.toLowerCase() !== "chunked") return { violation: "a Transfer-Encoding other than chunked" };
    return UNSIZED;
  }
  if (length === undefined) return NONE;
  if (!isDigits(length)) return { violation: "a Content-Length that is no number" };
  return Number(length) === 0 ? NONE : SIZED;
}

function isDigits(text: string): boolean {
  if (text.length === 0 || text.length > 15) return false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}
