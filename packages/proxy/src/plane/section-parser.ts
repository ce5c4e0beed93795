/** A head or trailers of HTTP/1.1 that have come in whole: first line and field lines, or what is wrong with them. Pure. */
import type { FieldLines } from "@tracemend/context";

/** The same section as bytes from `start` on, and as text; each of its lines ends with CR LF. */
export interface SectionText {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly text: string;
}

export interface StatusLine {
  readonly minor: 0 | 1;
  readonly status: number;
  readonly reason: string;
  /** Of the line with its end. */
  readonly length: number;
}

export interface RequestLine {
  readonly method: string;
  readonly target: string;
  /** As `1.1`. */
  readonly version: string;
  /** Of the line with its end. */
  readonly length: number;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const SMALL_A = 0x61;
const SMALL_Z = 0x7a;

const NAME = 1;
const VALUE = 2;

/** What each byte may be part of. Source: RFC 9110, sections 5.1, 5.5 and 5.6.2. */
const KINDS: Uint8Array = new Uint8Array(256);
for (let code = SPACE; code < KINDS.length; code += 1) if (code !== 0x7f) KINDS[code] = VALUE;
KINDS[TAB] = VALUE;
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
  KINDS[char.charCodeAt(0)] = NAME | VALUE;

/** Source: RFC 9112, section 4. A line without a reason may also lack the space before it: many servers leave it out. */
export function readStatusLine({ bytes, start, text }: SectionText): StatusLine | string {
  const end = text.indexOf("\r\n");
  const minor = text.charCodeAt(7) - 0x30;
  if (!text.startsWith("HTTP/1.") || (minor !== 0 && minor !== 1) || text.charCodeAt(8) !== SPACE)
    return "no status line";
  let status = 0;
  for (let at = 9; at < 12; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return "a status that is no number";
    status = status * 10 + digit;
  }
  if (status < 100) return "a status that is no number";
  if (end !== 12 && text.charCodeAt(12) !== SPACE) return "a status that is no number";
  for (let at = 13; at < end; at += 1)
    if (((KINDS[bytes[start + at] as number] as number) & VALUE) === 0) return "a control character in a status line";
  return { minor, status, reason: text.slice(13, end), length: end + 2 };
}

/**
 * Source: RFC 9112, section 3, and no more leniently: one space between the parts, none in them. A method in small
 * letters is refused: to some readers it is the one in capitals.
 */
export function readRequestLine({ bytes, start, text }: SectionText): RequestLine | string {
  let at = start;
  while (((KINDS[bytes[at] as number] as number) & NAME) !== 0) at += 1;
  if (at === start || bytes[at] !== SPACE) return "a method that is none";
  for (let each = start; each < at; each += 1)
    if ((bytes[each] as number) >= SMALL_A && (bytes[each] as number) <= SMALL_Z) return "a method in small letters";
  const methodEnd = at - start;
  at += 1;
  const targetAt = at - start;
  while (((KINDS[bytes[at] as number] as number) & VALUE) !== 0 && bytes[at] !== SPACE && bytes[at] !== TAB) at += 1;
  const targetEnd = at - start;
  if (targetEnd === targetAt || bytes[at] !== SPACE) return "a target that is none";
  const version = VERSIONS.get(text.slice(targetEnd, targetEnd + VERSION_CHARS));
  if (version === undefined) return "an HTTP version that is none";
  const method = text.slice(0, methodEnd);
  return { method, target: text.slice(targetAt, targetEnd), version, length: targetEnd + VERSION_CHARS };
}

/** ` HTTP/1.1` and the end of its line. Of others a whole head can be read too, so that its sender is told why not. */
const VERSION_CHARS = 11;
const VERSIONS: ReadonlyMap<string, string> = new Map(
  ["1.1", "1.0", "0.9", "2.0"].map((version) => [` HTTP/${version}\r\n`, version]),
);

/** The field lines from `from` on. A line that is folded, and a blank before the colon, are refused. */
export function readLines({ bytes, start, text }: SectionText, from: number): FieldLines | string {
  const lines: string[] = [];
  const end = start + text.length;
  let at = start + from;
  while (at < end) {
    const nameAt = at;
    while (((KINDS[bytes[at] as number] as number) & NAME) !== 0) at += 1;
    if (at === nameAt || bytes[at] !== COLON) return "a field name that is none";
    const name = text.slice(nameAt - start, at - start);
    at += 1;
    while (bytes[at] === SPACE || bytes[at] === TAB) at += 1;
    const valueAt = at;
    while (((KINDS[bytes[at] as number] as number) & VALUE) !== 0) at += 1;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return "a control character in a field";
    let valueEnd = at;
    while (valueEnd > valueAt && isBlank(bytes[valueEnd - 1] as number)) valueEnd -= 1;
    lines.push(name, text.slice(valueAt - start, valueEnd - start));
    at += 2;
  }
  return lines;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Whether a method or a field name may begin with it. */
export function isNameByte(byte: number): boolean {
  return ((KINDS[byte] as number) & NAME) !== 0;
}

/** Whether this may be a method or a field name. */
export function isName(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (((KINDS[text.charCodeAt(at)] ?? 0) & NAME) === 0) return false;
  return text.length > 0;
}

/** Whether this may be a field value, each character one byte. */
export function isValue(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (((KINDS[text.charCodeAt(at)] ?? 0) & VALUE) === 0) return false;
  return true;
}
