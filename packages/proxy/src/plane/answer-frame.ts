/** Where an answer of HTTP/1.1 ends, and whether its connection can carry another request. Pure. */
import type { FieldLines } from "@tracemend/context";
import { isField } from "@tracemend/context";
import { readLength } from "./request-frame.ts";

export interface AnswerFrame {
  /** Bytes; 0 where there is no body. */
  readonly body: number | "chunked" | "until close";
  readonly keep: boolean;
  /** From `Keep-Alive: timeout`, in milliseconds. */
  readonly idleMs: number | undefined;
}

/**
 * Source: RFC 9112, section 6.3. A text where the fields can be read differently: two lengths, a length with a coding,
 * a coding other than `chunked`, or one from a server of HTTP/1.0.
 */
export function readAnswerFrame(method: string, status: number, minor: 0 | 1, lines: FieldLines): AnswerFrame | string {
  let length: string | undefined;
  let coding: string | undefined;
  let keep = minor === 1;
  let idleMs: number | undefined;
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    const value = lines[at + 1] as string;
    if (name.length === 14 && isField(name, "content-length")) {
      if (length !== undefined) return "two Content-Length fields";
      length = value;
    } else if (name.length === 17 && isField(name, "transfer-encoding")) {
      if (coding !== undefined) return "two Transfer-Encoding fields";
      coding = value;
    } else if (name.length === 10) {
      if (isField(name, "connection")) keep &&= !value.toLowerCase().includes("close");
      else if (isField(name, "keep-alive")) idleMs = timeoutOf(value);
    }
  }
  if (coding !== undefined) {
    if (length !== undefined) return "Content-Length and Transfer-Encoding";
    if (minor === 0) return "Transfer-Encoding in HTTP/1.0";
    if (coding.toLowerCase() !== "chunked") return "a Transfer-Encoding other than chunked";
  }
  const bytes = length === undefined ? undefined : readLength(length);
  if (bytes === -1) return "a Content-Length that is no number";
  const bare = method === "HEAD" || status === 204 || status === 304;
  const body = bare ? 0 : coding === undefined ? (bytes ?? "until close") : "chunked";
  return { body, keep: keep && body !== "until close", idleMs };
}

/** `timeout=5, max=100` → 5000. */
function timeoutOf(value: string): number | undefined {
  for (const part of value.split(",")) {
    const [name = "", seconds = ""] = part.split("=", 2);
    if (name.trim().toLowerCase() === "timeout" && Number(seconds) > 0) return Number(seconds) * 1000;
  }
  return undefined;
}
