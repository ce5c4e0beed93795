/** Where W3C's two fields stand in a head, found in one pass over its names. */
import type { FieldLines } from "./field-lines.ts";
import { isField, trimBlanks } from "./field-lines.ts";

/**
 * The indexes of the values of `traceparent` and `tracestate` in one number, so that no head costs an object for them; 0
 * stands for a field that did not come. `SCATTERED` where one came twice or `Connection` may be about one.
 */
export type Places = number;

export const SCATTERED: Places = -1;

const BITS = 15;
const LONGEST = 1 << BITS;

export function parentIn(places: Places): number {
  return places & (LONGEST - 1);
}

export function stateIn(places: Places): number {
  return places >> BITS;
}

/** The head that was looked through last: whoever edits what was read a moment ago need not look again. */
const NO_LINES: FieldLines = [];
let last = NO_LINES;
let lastLength = 0;
let lastPlaces: Places = 0;

export function placesIn(lines: FieldLines): Places {
  last = lines;
  lastLength = lines.length;
  return (lastPlaces = lookThrough(lines));
}

/** `placesIn`, once without a look for the lines that were looked through last. */
export function placesAgain(lines: FieldLines): Places {
  const places = lines === last && lines.length === lastLength ? lastPlaces : lookThrough(lines);
  last = NO_LINES;
  return places;
}

function lookThrough(lines: FieldLines): Places {
  let parent = 0;
  let state = 0;
  const end = lines.length - 1;
  if (end > LONGEST) return SCATTERED;
  for (let at = 0; at < end; at += 2) {
    const name = lines[at] as string;
    const { length } = name;
    if (length === 11) {
      if (!isField(name, "traceparent")) continue;
      if (parent > 0) return SCATTERED;
      parent = at + 1;
    } else if (length === 10) {
      const first = name.charCodeAt(0) | 0x20;
      if (first === 0x74 && isField(name, "tracestate")) {
        if (state > 0) return SCATTERED;
        state = at + 1;
      } else if (first === 0x63 && nominatesTrace(lines[at + 1] as string) && isField(name, "connection"))
        return SCATTERED;
    }
  }
  return (state << BITS) | parent;
}

/** Whether `Connection` asks the next hop to remove a trace field; the usual values are too short to. */
export function nominatesTrace(connection: string): boolean {
  const { length } = connection;
  if (length < 10 || (length === 10 && (connection.charCodeAt(0) | 0x20) !== 0x74)) return false;
  return connection.split(",").some((option) => {
    const name = trimBlanks(option).toLowerCase();
    return name === "traceparent" || name === "tracestate";
  });
}
