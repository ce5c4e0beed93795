/** What proves a WebSocket handshake over HTTP/1.1; over HTTP/2 there is none (RFC 8441, section 5). */
import { createHash, randomBytes } from "node:crypto";
import type { FieldLines } from "@tracemend/context";
import { isField } from "@tracemend/context";

export const KEY_FIELD = "sec-websocket-key";
export const ACCEPT_FIELD = "sec-websocket-accept";

/** RFC 6455, section 4.2.2. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export function newKey(): string {
  return randomBytes(16).toString("base64");
}

export function acceptOf(key: string): string {
  return createHash("sha1")
    .update(key + GUID)
    .digest("base64");
}

export function without(lines: FieldLines, name: string): FieldLines {
  return lines.filter((_, at) => !isField(lines[at - (at % 2)] as string, name));
}
