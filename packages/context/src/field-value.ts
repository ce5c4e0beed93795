/** One value of a field: the first, or the only one. */
import type { FieldLines } from "./field-lines.ts";
import { findField, trimBlanks } from "./field-lines.ts";

/** The first value of the field, without blanks around it; undefined where the field is absent. */
export function fieldValue(lines: FieldLines, lower: string): string | undefined {
  const at = findField(lines, lower);
  return at < 0 ? undefined : trimBlanks(lines[at + 1] as string);
}

/**
 * The one value of a field that may stand but once: undefined where it is absent, and `""` where its lines, or the parts
 * that a runtime joined by commas, differ.
 */
export function soleValue(lines: FieldLines, lower: string): string | undefined {
  const first = findField(lines, lower);
  if (first < 0) return undefined;
  let value = trimBlanks(lines[first + 1] as string);
  if (value.includes(",")) {
    const parts = value.split(",").map(trimBlanks);
    value = parts[0] as string;
    if (parts.some((part) => part !== value)) return "";
  }
  for (let at = findField(lines, lower, first + 2); at >= 0; at = findField(lines, lower, at + 2))
    if (trimBlanks(lines[at + 1] as string) !== value) return "";
  return value;
}
