/** The fields of one proven message as a list, for code that has to look at them more than once or backwards. */

import { Cursor } from "./cursor.ts";

export interface FieldAt {
  readonly number: number;
  readonly wire: number;
  readonly tagStart: number;
  readonly start: number;
  readonly stop: number;
}

export function listFields(bytes: Uint8Array, start: number, stop: number): FieldAt[] {
  const fields: FieldAt[] = [];
  const cursor = new Cursor().open(bytes, start, stop);
  while (cursor.next()) {
    fields.push({
      number: cursor.field,
      wire: cursor.wire,
      tagStart: cursor.tagStart,
      start: cursor.start,
      stop: cursor.stop,
    });
  }
  return fields;
}
