/** What must change on the wire, and its application to header lines. */
import type { FieldLines } from "./field-lines.ts";
import { isField } from "./field-lines.ts";

export interface Edit {
  /** Lower-case field name. */
  readonly name: string;
  /** `null` removes every line of the field. A text leaves exactly one line, in the place of the first. */
  readonly value: string | null;
}

/** Empty means: forward the bytes untouched. No two edits name the same field. */
export type Edits = readonly Edit[];

export const NO_EDITS: Edits = [];

/** The lines with the edits applied; the same array where there are none. */
export function applyEdits(lines: FieldLines, edits: Edits): FieldLines {
  if (edits.length === 0) return lines;
  const edited: string[] = [];
  let written = 0;
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    const index = edits.findIndex((edit) => isField(name, edit.name));
    if (index < 0) {
      edited.push(name, lines[at + 1] as string);
      continue;
    }
    const edit = edits[index] as Edit;
    const bit = 1 << index;
    if (edit.value === null || (written & bit) !== 0) continue;
    written |= bit;
    edited.push(name, edit.value);
  }
  edits.forEach((edit, index) => {
    if (edit.value !== null && (written & (1 << index)) === 0) edited.push(edit.name, edit.value);
  });
  return edited;
}
