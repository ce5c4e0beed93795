/** HTTP/2 by hand: frames as strings of bytes, field blocks without compression, so that a test can say what no client says. */

export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Source: RFC 9113, section 6. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;

export type Field = readonly [name: string, value: string];

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: string;
}

/** One character for each byte, everywhere in this file. */
export function frame(type: number, flags: number, stream: number, payload = ""): string {
  const { length } = payload;
  return `${bytes(length, 3)}${bytes(type, 1)}${bytes(flags, 1)}${bytes(stream, 4)}${payload}`;
}

export function settings(values: Readonly<Record<number, number>> = {}): string {
  const payload = Object.entries(values).map(([id, value]) => bytes(Number(id), 2) + bytes(value, 4));
  return frame(FRAME.settings, 0, 0, payload.join(""));
}

export const SETTINGS_ACK: string = frame(FRAME.settings, ACK, 0);

/** What every connection begins with. */
export const OPENING: string = PREFACE + settings() + SETTINGS_ACK;

export function headers(stream: number, fields: readonly Field[], flags: number = END_HEADERS | END_STREAM): string {
  return frame(FRAME.headers, flags, stream, fieldBlock(fields));
}

export function data(stream: number, body: string, flags: number = END_STREAM): string {
  return frame(FRAME.data, flags, stream, body);
}

export function reset(stream: number, code: number): string {
  return frame(FRAME.reset, 0, stream, bytes(code, 4));
}

export function goaway(lastStream: number, code: number): string {
  return frame(FRAME.goaway, 0, 0, bytes(lastStream, 4) + bytes(code, 4));
}

export function windowUpdate(stream: number, increment: number): string {
  return frame(FRAME.window, 0, stream, bytes(increment, 4));
}

export function ping(text = "12345678"): string {
  return frame(FRAME.ping, 0, 0, text);
}

/** Literal fields that are never indexed and not Huffman-coded. Source: RFC 7541, section 6.2.3. */
export function fieldBlock(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `\x10${text(name)}${text(value)}`).join("");
}

/** A literal that goes into the dynamic table, and a reference to its newest entry. Source: RFC 7541, section 6.2.1, 6.1. */
export function indexedField([name, value]: Field): string {
  return `\x40${text(name)}${text(value)}`;
}

export const NEWEST_FIELD = "\xbe";

/** The frames that are complete. */
export function readFrames(received: string): readonly Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at + 9 <= received.length) {
    const length = number(received, at, 3);
    if (at + 9 + length > received.length) break;
    frames.push({
      type: number(received, at + 3, 1),
      flags: number(received, at + 4, 1),
      stream: number(received, at + 5, 4) & 0x7f_ff_ff_ff,
      payload: received.slice(at + 9, at + 9 + length),
    });
    at += 9 + length;
  }
  return frames;
}

/** The error code of a RST_STREAM or GOAWAY. */
export function errorCodeOf({ type, payload }: Frame): number {
  return number(payload, type === FRAME.goaway ? 4 : 0, 4);
}

/** `:status` of an answer's HEADERS, which every encoder puts first; only good for the first answer of a connection. */
export function statusOf({ payload }: Frame): number {
  let at = 0;
  while ((payload.charCodeAt(at) & 0xe0) === 0x20) at += 1;
  const first = payload.charCodeAt(at);
  if (first >= 0x88 && first <= 0x8e) return [200, 204, 206, 304, 400, 404, 500][first - 0x88] as number;
  const length = payload.charCodeAt(at + 1);
  const value = payload.slice(at + 2, at + 2 + (length & 0x7f));
  return Number(length >= 0x80 ? huffmanDigits(value) : value);
}

/** Source: RFC 7541, appendix B: 0, 1 and 2 have five bits, the other digits six. */
function huffmanDigits(value: string): string {
  let bits = "";
  for (let at = 0; at < value.length; at += 1) bits += value.charCodeAt(at).toString(2).padStart(8, "0");
  let digits = "";
  let at = 0;
  while (digits.length < 3) {
    const short = Number.parseInt(bits.slice(at, at + 5), 2);
    const long = Number.parseInt(bits.slice(at, at + 6), 2);
    digits += short <= 2 ? short : long - 0x19 + 3;
    at += short <= 2 ? 5 : 6;
  }
  return digits;
}

/** A string literal. Source: RFC 7541, section 5.1, 5.2. */
function text(value: string): string {
  let { length } = value;
  if (length < 0x7f) return String.fromCharCode(length) + value;
  let prefix = "\x7f";
  for (length -= 0x7f; length >= 0x80; length >>>= 7) prefix += String.fromCharCode((length & 0x7f) | 0x80);
  return prefix + String.fromCharCode(length) + value;
}

function bytes(value: number, count: number): string {
  let written = "";
  for (let shift = (count - 1) * 8; shift >= 0; shift -= 8) written += String.fromCharCode((value >>> shift) & 0xff);
  return written;
}

function number(source: string, at: number, count: number): number {
  let value = 0;
  for (let next = at; next < at + count; next += 1) value = value * 256 + source.charCodeAt(next);
  return value;
}
