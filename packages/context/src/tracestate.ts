/** `tracestate`: reading a list, its limits, and a member put at its head. Source: Trace Context Level 2, section 3.3. */
import type { DefectCode } from "./defect.ts";
import { isBlank, trimBlanks } from "./field-lines.ts";

/** Section 3.3.2: a list has at most 32 members. */
export const MAX_MEMBERS = 32;
/** Section 3.3.3.1: at least 512 characters are propagated; what is sent here is cut to them unless a policy allows more. */
export const MAX_LENGTH = 512;
/** Section 3.3.3.1: longer entries leave first. */
const LONG_ENTRY = 128;
/** Longest list that is read at all: whoever sends more than a whole head's worth is not a tracer. */
export const MAX_READ_LENGTH = 8192;

const COMMA = 0x2c;
const EQUALS = 0x3d;
const MAX_KEY = 256;
const MAX_VALUE = 256;

export interface TracestateReading {
  /** The combined list, `""` where there is none or it is invalid. */
  readonly list: string;
  readonly defects: readonly DefectCode[];
  /** The members that are valid on their own, of a list that is not; `""` otherwise. */
  readonly salvage: string;
}

const EMPTY: TracestateReading = { list: "", defects: [], salvage: "" };
const BLANK: TracestateReading = { list: "", defects: ["tracestate-empty"], salvage: "" };
const TOO_LONG: TracestateReading = { list: "", defects: ["tracestate-length"], salvage: "" };

/** Reads the values of all `tracestate` lines, in order: several lines are one list (section 3.3.2). */
export function readTracestate(values: readonly string[]): TracestateReading {
  if (values.length === 0) return EMPTY;
  const list = values.length === 1 ? (values[0] as string) : values.join(",");
  if (isPlainList(list)) return { list, defects: EMPTY.defects, salvage: "" };
  if (list.length > MAX_READ_LENGTH) return TOO_LONG;
  const members = membersOf(list);
  if (members.length === 0) return BLANK;
  const valid = members.filter(isMember);
  const unique = uniqueKeys(valid);
  const defects: DefectCode[] = [];
  if (valid.length < members.length) defects.push("tracestate-member");
  if (unique.length < valid.length) defects.push("tracestate-duplicate-key");
  if (members.length > MAX_MEMBERS) defects.push("tracestate-members");
  const broken = valid.length < members.length || members.length > MAX_MEMBERS;
  const kept = unique.slice(0, MAX_MEMBERS).join(",");
  return broken ? { list: "", defects, salvage: kept } : { list: kept, defects, salvage: "" };
}

/** The values of all lines as one list in order, without empty members; nothing is checked. */
export function combineTracestate(values: readonly string[]): string {
  if (values.length === 0) return "";
  if (values.length === 1 && isPlainList(values[0] as string)) return values[0] as string;
  return membersOf(values.join(",")).join(",");
}

/** The value of the first member with this key; undefined where there is none. Blanks around members are passed over. */
export function memberValue(tracestate: string, key: string): string | undefined {
  for (let at = tracestate.indexOf(key); at >= 0; at = tracestate.indexOf(key, at + 1)) {
    if (tracestate.charCodeAt(at + key.length) !== EQUALS || !beginsMember(tracestate, at)) continue;
    const end = tracestate.indexOf(",", at);
    return trimBlanks(tracestate.slice(at + key.length + 1, end < 0 ? tracestate.length : end));
  }
  return undefined;
}

function beginsMember(tracestate: string, start: number): boolean {
  let at = start - 1;
  while (at >= 0 && isBlank(tracestate.charCodeAt(at))) at -= 1;
  return at < 0 || tracestate.charCodeAt(at) === COMMA;
}

/** The list without the members of this key. */
export function dropMember(tracestate: string, key: string): string {
  if (memberValue(tracestate, key) === undefined) return tracestate;
  return membersOf(tracestate)
    .filter((member) => !hasKey(member, key))
    .join(",");
}

/**
 * The list with `key=value` first and no other member of that key: the form section 3.5 asks of whoever edits it. The
 * others give way where the list would grow over its limits, in the order of section 3.3.3.1.
 */
export function putMemberFirst(tracestate: string, key: string, value: string, maxLength: number = MAX_LENGTH): string {
  const member = `${key}=${value}`;
  const others = dropMember(tracestate, key);
  if (others === "") return member;
  const length = member.length + 1 + others.length;
  if (length <= maxLength && countMembers(others) < MAX_MEMBERS) return `${member},${others}`;
  return [member, ...evict(membersOf(others), MAX_MEMBERS - 1, maxLength - member.length - 1)].join(",");
}

/** The list cut to its limits: entries of more than 128 characters leave first, then the right-most (section 3.3.3.1). */
export function limitTracestate(tracestate: string, maxLength: number = MAX_LENGTH): string {
  if (tracestate.length <= maxLength && countMembers(tracestate) <= MAX_MEMBERS) return tracestate;
  return evict(membersOf(tracestate), MAX_MEMBERS, maxLength).join(",");
}

function evict(members: readonly string[], maxMembers: number, maxLength: number): readonly string[] {
  const kept = members.slice(0, maxMembers);
  let length = kept.reduce((sum, member) => sum + member.length + 1, -1);
  for (const long of [true, false]) {
    for (let at = kept.length - 1; at >= 0 && length > maxLength; at -= 1) {
      const member = kept[at] as string;
      if (long && member.length <= LONG_ENTRY) continue;
      kept.splice(at, 1);
      length -= member.length + 1;
    }
  }
  return kept;
}

function countMembers(list: string): number {
  let count = 1;
  for (let at = 0; at < list.length; at += 1) if (list.charCodeAt(at) === COMMA) count += 1;
  return count;
}

function membersOf(list: string): string[] {
  return list
    .split(",")
    .map(trimBlanks)
    .filter((member) => member !== "");
}

function hasKey(member: string, key: string): boolean {
  return member.startsWith(key) && member.charCodeAt(key.length) === EQUALS;
}

/** The left-most member of each key: the newest, because whoever changes a member moves it there (section 3.5). */
function uniqueKeys(members: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return members.filter((member) => {
    const key = member.slice(0, member.indexOf("="));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function isMember(member: string): boolean {
  return isPlainList(member) && !member.includes(",");
}

/** Where the members of the list that is being checked begin: scratch of one synchronous call. */
const starts = new Int32Array(MAX_MEMBERS);

/** Whether the list is exactly as section 3.3.2 writes it, with no blanks, no empty members and no key twice. */
export function isPlainList(list: string): boolean {
  if (list.length > MAX_READ_LENGTH) return false;
  let count = 0;
  let at = 0;
  for (;;) {
    if (count === MAX_MEMBERS) return false;
    const start = at;
    at = endOfKey(list, at);
    if (at < 0 || isKeyTaken(list, start, at, count)) return false;
    starts[count] = start;
    count += 1;
    at = endOfValue(list, at + 1);
    if (at < 0) return false;
    if (at === list.length) return true;
    at += 1;
  }
}

/** The index of the `=` behind the key that begins at `start`; -1 where no valid key does. Section 3.3.2.2.1. */
function endOfKey(list: string, start: number): number {
  let at = start;
  for (; at < list.length; at += 1) {
    const code = list.charCodeAt(at);
    if (code === EQUALS) break;
    if (!isKeyStart(code) && (at === start || !isKeyOther(code))) return -1;
  }
  return at === start || at === list.length || at - start > MAX_KEY ? -1 : at;
}

function isKeyStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
}

/** `_ - * / @`: Level 2 lets `@` stand anywhere but first; Level 1 had a tenant and a system form around one `@`. */
function isKeyOther(code: number): boolean {
  return code === 0x5f || code === 0x2d || code === 0x2a || code === 0x2f || code === 0x40;
}

/** The index behind the value that begins at `start`: a comma or the end; -1 where no valid value does. Section 3.3.2.2.2. */
function endOfValue(list: string, start: number): number {
  let at = start;
  for (; at < list.length; at += 1) {
    const code = list.charCodeAt(at);
    if (code === COMMA) break;
    if (code < 0x20 || code > 0x7e || code === EQUALS) return -1;
  }
  const length = at - start;
  if (length === 0 || length > MAX_VALUE || list.charCodeAt(at - 1) === 0x20) return -1;
  return at;
}

function isKeyTaken(list: string, start: number, end: number, count: number): boolean {
  for (let index = 0; index < count; index += 1) {
    const other = starts[index] as number;
    if (list.charCodeAt(other) !== list.charCodeAt(start)) continue;
    let at = 1;
    while (start + at <= end && list.charCodeAt(other + at) === list.charCodeAt(start + at)) at += 1;
    if (start + at > end) return true;
  }
  return false;
}
