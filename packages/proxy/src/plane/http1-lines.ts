/** Header lines as HTTP/1.1 wants them, and small bodies beside them. Pure. */
import type { FieldLines } from "@tracemend/context";
import { findField, isField } from "@tracemend/context";
import type { OutgoingHead } from "./plane.ts";
import { isName, isValue } from "./section-parser.ts";

export const NO_LINES: FieldLines = [];

/**
 * The lines of a request for an HTTP/1.1 upstream: `Host` says the authority, `te` is this hop's own, and the crumbs of
 * a cookie are one line again (RFC 9113, section 8.2.3). The same array where that is so already.
 */
export function toHttp1Lines(head: OutgoingHead): FieldLines {
  const { lines, authority } = head;
  const host = findField(lines, "host");
  const cookie = findField(lines, "cookie");
  const crumbs = cookie >= 0 && findField(lines, "cookie", cookie + 2) >= 0;
  if (host >= 0 && lines[host + 1] === authority && !crumbs && findField(lines, "te") < 0) return lines;
  const changed: string[] = host < 0 ? ["host", authority] : [];
  let jar = -1;
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    const value = lines[at + 1] as string;
    if (isField(name, "te")) continue;
    if (at === host) changed.push(name, authority);
    else if (!crumbs || !isField(name, "cookie")) changed.push(name, value);
    else if (jar >= 0) changed[jar] += `; ${value}`;
    else jar = changed.push(name, value) - 1;
  }
  return changed;
}

/** The head of a request as it goes on the wire; undefined where a part of it cannot stand there. */
export function formatRequest(head: OutgoingHead): string | undefined {
  const { method, target, body, upgrade } = head;
  const lines = toHttp1Lines(head);
  if (!isName(method) || target === "" || target.includes(" ") || !isValue(target)) return undefined;
  if (!areLines(lines, head.proven)) return undefined;
  let text = `${method} ${target} HTTP/1.1\r\n${formatLines(lines)}`;
  if (upgrade !== undefined) text += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  if (body === "unsized") text += "Transfer-Encoding: chunked\r\n";
  else if (body === "none" && expectsLength(method) && findField(lines, "content-length") < 0)
    text += "Content-Length: 0\r\n";
  return `${text}\r\n`;
}

/** RFC 9110, section 8.6: a method that has a use for a body says so where there is none. */
function expectsLength(method: string): boolean {
  return method === "POST" || method === "PUT" || method === "PATCH";
}

/** Source: RFC 9110, section 9.2.2; those that are safe to repeat unasked. */
export function isIdempotent(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS" || method === "TRACE" || method === "QUERY";
}

/** The text of an answer's head. */
export function formatHead(status: number, reason: string, lines: FieldLines): string {
  return `HTTP/1.1 ${status} ${reason}\r\n${formatLines(lines)}\r\n`;
}

/** Whether all of them can stand on the wire. `proven`: lines that can; what is the same, in their order, is not looked at. */
export function areLines(lines: FieldLines, proven: FieldLines = NO_LINES): boolean {
  let known = 0;
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    const value = lines[at + 1] as string;
    const next = findLine(proven, name, value, known);
    if (next >= 0) known = next + 2;
    else if (!isName(name) || !isValue(value)) return false;
  }
  return true;
}

function findLine(lines: FieldLines, name: string, value: string, from: number): number {
  for (let at = from; at + 1 < lines.length; at += 2) if (lines[at] === name && lines[at + 1] === value) return at;
  return -1;
}

/** Each with its line end. */
export function formatLines(lines: FieldLines): string {
  let text = "";
  for (let at = 0; at + 1 < lines.length; at += 2) text += `${lines[at]}: ${lines[at + 1]}\r\n`;
  return text;
}

/** Head and body of text go to the system as one piece; of bytes, as two, which costs more than the copy up to here. */
export const JOINED_BYTES = 8_192;

export function latin1Of(chunk: Uint8Array): string {
  const { buffer, byteOffset, length } = chunk;
  return (Buffer.isBuffer(chunk) ? chunk : Buffer.from(buffer, byteOffset, length)).toString("latin1");
}
