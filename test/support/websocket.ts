/** WebSocket by hand: handshakes and frames as strings of bytes, so that a test can say what no library says. RFC 6455. */
import { createHash } from "node:crypto";

export const OPCODE = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The key and its proof from RFC 6455, section 1.3. */
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** RFC 6455, section 4.2.2. */
export function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

export function opening(target: string, fields = ""): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n${fields}\r\n`;
}

export function agreed(fields = ""): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n${fields}\r\n`;
}

/** What came behind the head. */
export function bodyOf(received: string): string {
  return received.slice(received.indexOf("\r\n\r\n") + 4);
}

export interface WebSocketFrame {
  readonly opcode: number;
  /** One character for each byte, everywhere in this file. */
  readonly payload: string;
  /** The last of its message. */
  readonly fin?: boolean;
  /** RSV1: the message is compressed. */
  readonly compressed?: boolean;
}

/** `mask`: as a client must, and a server must not. */
export function frameOf({ opcode, payload, fin = true, compressed = false }: WebSocketFrame, mask: boolean): string {
  const { length } = payload;
  const first = String.fromCharCode((fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode);
  const bit = mask ? 0x80 : 0;
  const head =
    length < 126
      ? String.fromCharCode(bit | length)
      : length < 65_536
        ? String.fromCharCode(bit | 126) + numberOf(length, 2)
        : String.fromCharCode(bit | 127) + numberOf(length, 8);
  if (!mask) return first + head + payload;
  const key = [0x12, 0x34, 0x56, 0x78];
  let masked = "";
  for (let at = 0; at < length; at += 1)
    masked += String.fromCharCode(payload.charCodeAt(at) ^ (key[at % 4] as number));
  return first + head + String.fromCharCode(...key) + masked;
}

function numberOf(value: number, bytes: number): string {
  let text = "";
  for (let at = bytes - 1; at >= 0; at -= 1) text += String.fromCharCode(Math.floor(value / 256 ** at) % 256);
  return text;
}
