/** `tracestate`: the list members of several lines, and our own member at its head. Source: Trace Context Level 2, 3.3. */
import { trimBlanks } from "./field-lines.ts";

/** Section 3.3.1.1: a list has at most 32 members; the right-most leave first (section 3.3.1.5). */
const MAX_MEMBERS = 32;

/** Several lines are one list, in order (section 3.3.1); empty members are allowed and say nothing. */
export function combineTracestate(values: readonly string[]): string {
  if (values.length === 0) return "";
  if (values.length === 1) return trimBlanks(values[0] as string);
  return membersOf(values.join(",")).join(",");
}

/** The value of the first member with this key; undefined where there is none. */
export function memberValue(tracestate: string, key: string): string | undefined {
  if (!tracestate.includes(key)) return undefined;
  for (const member of membersOf(tracestate)) if (isMember(member, key)) return member.slice(key.length + 1);
  return undefined;
}

/** The list with `key=value` first and no other member of that key: the form section 3.5 asks of whoever edits it. */
export function putMemberFirst(tracestate: string, key: string, value: string): string {
  if (tracestate === "") return `${key}=${value}`;
  const others = membersOf(tracestate).filter((member) => !isMember(member, key));
  return [`${key}=${value}`, ...others.slice(0, MAX_MEMBERS - 1)].join(",");
}

function isMember(member: string, key: string): boolean {
  return member.startsWith(key) && member.charCodeAt(key.length) === 0x3d;
}

function membersOf(tracestate: string): readonly string[] {
  return tracestate
    .split(",")
    .map(trimBlanks)
    .filter((member) => member !== "");
}
