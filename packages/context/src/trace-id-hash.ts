/** The hash of a trace id: tells in the own member which trace it is of. */
import { formatWord } from "./hex.ts";

/**
 * 32-bit FNV-1a over the characters from `start` to `end`: enough to tell a restarted trace from the one that was sent. Of a
 * `traceparent` that came the id is hashed in its place, because the characters of a part cost more to reach.
 */
export function hashTraceId(text: string, start: number = 0, end: number = text.length): string {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return formatWord(hash);
}
