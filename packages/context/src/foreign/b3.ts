/** B3 in one header. Source: openzipkin/b3-propagation, "Single Header". */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import { soleValue } from "../field-value.ts";
import { isId } from "../hex.ts";
import type { ForeignReading, Outgoing, Sampling } from "./format.ts";
import { MALFORMED, sizedTraceId, validContext } from "./format.ts";

export const fields: readonly string[] = ["b3"];

const STATES: Readonly<Record<string, Sampling>> = { "0": "deny", "1": "accept", d: "debug" };

/** `{trace id}-{span id}[-{0|1|d}[-{parent span id}]]`, or the sampling state alone. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const value = soleValue(lines, "b3");
  if (value === undefined) return undefined;
  const [first = "", parentId, state, grandparent, ...more] = value.split("-", 6);
  if (parentId === undefined) {
    const alone = stateOf(first);
    return alone === undefined ? MALFORMED : validContext(undefined, undefined, alone);
  }
  const sampling = state === undefined ? "defer" : stateOf(state);
  const ids = (isId(first, 32) || isId(first, 16)) && isId(parentId, 16);
  const ends = more.length === 0 && (grandparent === undefined || isId(grandparent, 16));
  return sampling === undefined || !ids || !ends ? MALFORMED : validContext(first, parentId, sampling);
}

export function write(outgoing: Outgoing): readonly Edit[] {
  const state = { accept: "-1", deny: "-0", debug: "-d", defer: "" }[outgoing.sampling];
  return [{ name: "b3", value: `${sizedTraceId(outgoing)}-${outgoing.parentId}${state}` }];
}

function stateOf(text: string): Sampling | undefined {
  return Object.hasOwn(STATES, text) ? STATES[text] : undefined;
}
