/** Between the web's Headers and what the boundary reads and edits. */
import type { Edits, FieldLines } from "@tracemend/context";

/**
 * The named fields, or all of them, as lines. Headers joins what came in several lines; the reading takes such a value
 * apart again.
 */
export function linesOfHeaders(headers: Headers, names: readonly string[] | undefined): FieldLines {
  if (names === undefined) return [...headers].flat();
  const lines: string[] = [];
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) lines.push(name, value);
  }
  return lines;
}

export function applyToHeaders(headers: Headers, edits: Edits): void {
  for (const { name, value } of edits) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
}
