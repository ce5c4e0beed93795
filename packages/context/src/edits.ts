/** What must change on the wire, and its application to header lines. */
import type { FieldLines } from "./field-lines.ts";
import { findField, isField } from "./field-lines.ts";
import { SCATTERED, parentIn, placesAgain, stateIn } from "./places.ts";

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
  return writeBoth(lines, edits) ?? applyEach(lines, edits);
}

/** What nearly all edits come to: W3C's two fields are written, and neither came twice. Else undefined. */
function writeBoth(lines: FieldLines, edits: Edits): FieldLines | undefined {
  if (!areBoth(edits)) return undefined;
  const places = placesAgain(lines);
  if (places === SCATTERED) return undefined;
  const edited = lines.slice();
  write(edited, parentIn(places), edits[0].name, edits[0].value);
  write(edited, stateIn(places), edits[1].name, edits[1].value);
  return edited;
}

interface Written extends Edit {
  readonly value: string;
}

/** Whether it is W3C's two fields that are edited, and each is given a value. */
export function areBoth(edits: Edits): edits is readonly [Written, Written] {
  if (edits.length !== 2) return false;
  const [first, second] = edits as readonly [Edit, Edit];
  const named = first.name === "traceparent" && second.name === "tracestate";
  return named && first.value !== null && second.value !== null;
}

function write(lines: string[], place: number, name: string, value: string): void {
  if (place === 0) lines.push(name, value);
  else lines[place] = value;
}

function applyEach(lines: FieldLines, edits: Edits): FieldLines {
  const edited = lines.slice();
  for (const edit of edits) {
    const at = findField(edited, edit.name);
    if (at < 0) {
      if (edit.value !== null) edited.push(edit.name, edit.value);
      continue;
    }
    const rest = edit.value === null ? at : at + 2;
    if (edit.value !== null) edited[at + 1] = edit.value;
    const more = findField(edited, edit.name, rest);
    if (more >= 0) removeField(edited, edit.name, more);
  }
  return edited;
}

/** Closes the gaps in one pass: a head full of one field would cost a pass for each line otherwise. */
function removeField(lines: string[], name: string, from: number): void {
  let kept = from;
  for (let at = from; at + 1 < lines.length; at += 2) {
    if (isField(lines[at] as string, name)) continue;
    lines[kept] = lines[at] as string;
    lines[kept + 1] = lines[at + 1] as string;
    kept += 2;
  }
  lines.length = kept;
}
