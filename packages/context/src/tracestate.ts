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
/** Section 3.3.2.2: of a key as of a value. */
export const MAX_PART = 256;

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

/**
 * Section 3.3.2.2: a key has `a-z 0-9 _ - * / @` and begins with one of the first two ranges (Level 1 had a tenant and a
 * system form around one `@`); a value has printable ASCII but `,` and `=`, and does not end with a blank. Neither can go
 * on over the `=` or `,` behind it, so the work is in proportion to the length, whatever comes.
 */
const keyOf = (most: string): string => `[a-z0-9][a-z0-9_*/@-]${most}`;
const valueOf = (most: string): string => `[ -+\\--<>-~]${most}[!-+\\--<>-~]`;
const membersUpTo = (most: string): string => `${keyOf(most)}=${valueOf(most)}`;

const SHORT = new RegExp(`^${membersUpTo("*")}(?:,${membersUpTo("*")})*$`);
const LONG = new RegExp(`^${membersUpTo("{0,255}")}(?:,${membersUpTo("{0,255}")})*$`);

/** The list that was found plain last: it is asked about again when a member is put at its head. */
let lastPlain = "";

/** Whether the list is exactly as section 3.3.2 writes it, with no blanks, no empty members and no key twice. */
export function isPlainList(list: string): boolean {
  if (list === "" || list.length > MAX_READ_LENGTH) return false;
  if (list === lastPlain) return true;
  const plain = (list.length <= MAX_PART ? SHORT : LONG).test(list) && hasUniqueKeys(list);
  if (plain) lastPlain = list;
  return plain;
}

/**
 * Matches all lists but those of one to three members, each with a key of its own and none with `key`: nearly all that come
 * are not matched, and a miss costs less than a match. To be asked of up to 256 characters.
 */
export function otherThanShortWithout(key: string): RegExp {
  const [start, value] = [`${keyOf("*")}=`, valueOf("*")];
  return new RegExp(
    `^(?!(?!${key}=)(${start})${value}(?:,(?!\\1|${key}=)(${start})${value}(?:,(?!\\1|\\2|${key}=)${start}${value})?)?$)`,
  );
}

/** Where the members of the list that is being checked begin: scratch of one synchronous call. */
const starts = new Int32Array(MAX_MEMBERS);

/** Of a list whose members are sound; false too where there are more members than a list may have. */
function hasUniqueKeys(list: string): boolean {
  let start = 0;
  for (let count = 0; count < MAX_MEMBERS; count += 1) {
    const end = list.indexOf("=", start);
    if (count > 0 && isKeyTaken(list, start, end, count)) return false;
    starts[count] = start;
    start = list.indexOf(",", end) + 1;
    if (start === 0) return true;
  }
  return false;
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
