/** The hash of a trace id: tells in the own member which trace it is of. */
import { formatWord } from "./hex.ts";

const BASIS = 0x811c9dc5;

/**
 * 32-bit FNV-1a over the characters from `start` to `end`: enough to tell a restarted trace from the one that was sent. Of a
 * `traceparent` that came the id is hashed in its place, because the characters of a part cost more to reach.
 */
export function hashTraceId(text: string, start: number = 0, end: number = text.length): string {
  let hash = BASIS;
  for (let at = start; at < end; at += 1) hash = mix(hash, text.charCodeAt(at));
  return formatWord(hash);
}

/** `hashTraceId` of the 32 digits at `start`; by fours, the loop itself costs next to nothing. */
export function hashTraceIdAt(text: string, start: number): string {
  let hash = BASIS;
  for (let at = start; at < start + 32; at += 4) {
    hash = mix(hash, text.charCodeAt(at));
    hash = mix(hash, text.charCodeAt(at + 1));
    hash = mix(hash, text.charCodeAt(at + 2));
    hash = mix(hash, text.charCodeAt(at + 3));
  }
  return formatWord(hash);
}

function mix(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}
