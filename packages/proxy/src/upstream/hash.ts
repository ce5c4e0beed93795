/** 32 bits of a text, the same in every process: what keeps one trace, or one user, at one place. Pure. */
import type { FieldLines } from "@tracemend/context";
import { fieldValue } from "@tracemend/context";

/** FNV-1a, mixed once more: FNV alone leaves the high bits of short texts alike. */
export function hashText(text: string, from: number = 0, to: number = text.length): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Of the trace id as it came; undefined where there is no `traceparent` of that length. Whether it is valid is judged elsewhere. */
export function hashTrace(lines: FieldLines): number | undefined {
  const value = fieldValue(lines, "traceparent");
  return value === undefined || value.length < 55 ? undefined : hashText(value, 3, 35);
}

export function hashField(lines: FieldLines, name: string): number | undefined {
  const value = fieldValue(lines, name);
  return value === undefined ? undefined : hashText(value);
}
