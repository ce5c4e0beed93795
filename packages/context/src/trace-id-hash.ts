/** The hash of a trace id: tells in the own member which trace it is of. */
import { digitOf, formatWord } from "./hex.ts";

/** The `traceparent` that was scanned last: a border asks for the hash right after, or never. */
let scanned = "";
let hash = 0;

/** 32-bit FNV-1a over the characters of the id: enough to tell a restarted trace from the one that was sent. */
export function hashTraceId(text: string, start: number = 0, end: number = text.length): string {
  scanned = "";
  scan(text, start, end);
  return formatWord(hash);
}

/** `hashTraceId` of the trace id in a `traceparent`. */
export function hashWire(wire: string): string {
  if (wire !== scanned) scanTraceId(wire);
  return formatWord(hash);
}

/** `hexBits` of the trace id in a `traceparent`. */
export function scanTraceId(wire: string): number {
  scanned = wire;
  return scan(wire, 3, 35);
}

/** Reaching a character costs more than what is done with it: one pass for the digits and the hash. */
function scan(text: string, start: number, end: number): number {
  let bits = 0;
  let sum = 0x811c9dc5;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    bits |= digitOf(code);
    sum = Math.imul(sum ^ code, 0x01000193);
  }
  hash = sum;
  return bits;
}
