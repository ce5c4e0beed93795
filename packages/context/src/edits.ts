/** What must change on the wire, and its application to header lines. */
import type { FieldLines } from "./field-lines.ts";
import { findField, isField } from "./field-lines.ts";

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
  return replaceBoth(lines, edits) ?? applyEach(lines, edits);
}

/** What nearly all edits come to: W3C's two fields came once each, and each gets another value. Else undefined. */
function replaceBoth(lines: FieldLines, edits: Edits): FieldLines | undefined {
  if (edits.length !== 2) return undefined;
  const [first, second] = edits as readonly [Edit, Edit];
  const { value: traceparent } = first;
  const { value: tracestate } = second;
  if (first.name !== "traceparent" || second.name !== "tracestate" || traceparent === null || tracestate === null)
    return undefined;
  const edited = lines.slice();
  let parent = 0;
  let state = 0;
  const last = lines.length - 1;
  for (let at = 0; at < last; at += 2) {
    const name = lines[at] as string;
    const { length } = name;
    if (length === 11) {
      if (!isField(name, "traceparent")) continue;
      if (parent > 0) return undefined;
      parent = at + 1;
    } else if (length === 10 && (name.charCodeAt(0) | 0x20) === 0x74) {
      if (!isField(name, "tracestate")) continue;
      if (state > 0) return undefined;
      state = at + 1;
    }
  }
  if (parent === 0 || state === 0) return undefined;
  edited[parent] = traceparent;
  edited[state] = tracestate;
  return edited;
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
