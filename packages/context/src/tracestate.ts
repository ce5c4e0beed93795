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

/** The value of the first member with this key; undefined where there is none. Blanks around members are passed over. */
export function memberValue(tracestate: string, key: string): string | undefined {
  const at = findMember(tracestate, key);
  return at < 0 ? undefined : trimBlanks(tracestate.slice(at + key.length + 1, endOf(tracestate, at)));
}

/** Where the first member with this key begins, or -1. */
function findMember(tracestate: string, key: string): number {
  let at = tracestate.indexOf(key);
  while (at >= 0 && !(tracestate.charCodeAt(at + key.length) === EQUALS && beginsMember(tracestate, at)))
    at = tracestate.indexOf(key, at + 1);
  return at;
}

/** Where the member that stands at `at` ends. */
function endOf(tracestate: string, at: number): number {
  const end = tracestate.indexOf(",", at);
  return end < 0 ? tracestate.length : end;
}

function beginsMember(tracestate: string, start: number): boolean {
  let at = start - 1;
  while (at >= 0 && isBlank(tracestate.charCodeAt(at))) at -= 1;
  return at < 0 || tracestate.charCodeAt(at) === COMMA;
}

/** The list without the members of this key. */
export function dropMember(tracestate: string, key: string): string {
  const at = findMember(tracestate, key);
  if (at < 0) return tracestate;
  if (isPlainList(tracestate)) {
    const others = tracestate.slice(0, at) + tracestate.slice(endOf(tracestate, at) + 1);
    return others.endsWith(",") ? others.slice(0, -1) : others;
  }
  return membersOf(tracestate)
    .filter((member) => !hasKey(member, key))
    .join(",");
}

/**
 * The list with `key=value` first and no other member of that key: the form section 3.5 asks of whoever edits it. The
 * others give way where the list would grow over its limits, in the order of section 3.3.3.1.
 */
export function putMemberFirst(tracestate: string, key: string, value: string, maxLength: number = MAX_LENGTH): string {
  const member = key + "=" + value;
  const others = dropMember(tracestate, key);
  if (others === "") return member;
  const length = member.length + 1 + others.length;
  if (length <= maxLength && !isOverfull(others, MAX_MEMBERS - 1)) return member + "," + others;
  return [member, ...evict(membersOf(others), MAX_MEMBERS - 1, maxLength - member.length - 1)].join(",");
}

/** The list cut to its limits: entries of more than 128 characters leave first, then the right-most (section 3.3.3.1). */
export function limitTracestate(tracestate: string, maxLength: number = MAX_LENGTH): string {
  if (tracestate.length <= maxLength && !isOverfull(tracestate, MAX_MEMBERS)) return tracestate;
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

/** A member and its comma have four characters at least, so a short list need not be counted. */
function isOverfull(list: string, maxMembers: number): boolean {
  if (list.length < 4 * maxMembers) return false;
  let count = 1;
  for (let at = list.indexOf(","); at >= 0; at = list.indexOf(",", at + 1)) count += 1;
  return count > maxMembers;
}

/** What stands between commas, without blanks and without what is empty. */
export function membersOf(list: string): string[] {
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

const KEY_START = 1;
const IN_KEY = 2;
const IN_VALUE = 4;

/**
 * What each character may be part of. Section 3.3.2.2: a key has `a-z 0-9 _ - * / @` and begins with one of the first two
 * ranges (Level 1 had a tenant and a system form around one `@`); a value has printable ASCII but `,` and `=`.
 */
const PARTS: Uint8Array = new Uint8Array(256);
for (let code = 0x20; code <= 0x7e; code += 1) {
  const alphanumeric = (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
  const inKey = alphanumeric || "_-*/@".includes(String.fromCharCode(code));
  const inValue = code !== COMMA && code !== EQUALS;
  PARTS[code] = (alphanumeric ? KEY_START : 0) | (inKey ? IN_KEY : 0) | (inValue ? IN_VALUE : 0);
}

/** Whether the list is exactly as section 3.3.2 writes it, with no blanks, no empty members and no key twice. */
export function isPlainList(list: string): boolean {
  const length = list.length;
  if (length > MAX_READ_LENGTH) return false;
  let at = 0;
  for (let count = 0; count < MAX_MEMBERS; count += 1) {
    const start = at;
    if (at === length || !isPart(list, at, KEY_START)) return false;
    while (at < length && isPart(list, at, IN_KEY)) at += 1;
    if (at === length || list.charCodeAt(at) !== EQUALS || at - start > MAX_KEY) return false;
    if (count > 0 && isKeyTaken(list, start, at, count)) return false;
    starts[count] = start;
    at += 1;
    const value = at;
    while (at < length && isPart(list, at, IN_VALUE)) at += 1;
    if (at === value || at - value > MAX_VALUE || list.charCodeAt(at - 1) === 0x20) return false;
    if (at === length) return true;
    if (list.charCodeAt(at) !== COMMA) return false;
    at += 1;
  }
  return false;
}

/** Past the table there is nothing, which is no part of anything. */
function isPart(list: string, at: number, part: number): boolean {
  return ((PARTS[list.charCodeAt(at)] as number) & part) !== 0;
}

/** Whether an earlier member has the key from `start` up to its `=` at `end`. */
function isKeyTaken(list: string, start: number, end: number, count: number): boolean {
  for (let index = 0; index < count; index += 1) {
    const other = starts[index] as number;
    let at = 0;
    while (start + at <= end && list.charCodeAt(other + at) === list.charCodeAt(start + at)) at += 1;
    if (start + at > end) return true;
  }
  return false;
}
