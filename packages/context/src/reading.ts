/** What came in: absent, valid or invalid, from raw header lines. */
import type { Arrival } from "./arrival.ts";
import type { Carried } from "./carrier.ts";
import { parseCarrier } from "./carrier.ts";
import type { Defect, DefectCode } from "./defect.ts";
import { defectOf } from "./defect.ts";
import { singleValue } from "./duplicates.ts";
import type { FieldLines } from "./field-lines.ts";
import { fieldValues, findField, trimBlanks } from "./field-lines.ts";
import type { Foreign } from "./foreign/extract.ts";
import type { OwnMember } from "./own-member.ts";
import { KEY, OWN_KEY, isOthersAlone, parseOwnMember } from "./own-member.ts";
import type { Places } from "./places.ts";
import { SCATTERED, nominatesTrace, parentIn, placesIn, stateIn } from "./places.ts";
import type { Aside, Carrier, Policy } from "./policy.ts";
import type { TraceContext } from "./trace-context.ts";
import { hashTraceId } from "./trace-id-hash.ts";
import { contextIn, findDefect, isPlainTraceparent, notesOf } from "./traceparent.ts";
import { memberValue, readTracestate } from "./tracestate.ts";

interface Found {
  /** What the extra carrier held; undefined where there was none or the policy does not read one. */
  readonly carried: Carried | undefined;
  /** The caller's own value of the carrier's field: it must leave, or stay recoverable. */
  readonly original: string | undefined;
  /** What came in other formats; undefined where none did or the policy looks for none. */
  readonly foreign?: Foreign | undefined;
  /** Fields beside the context that the policy has a say in; undefined where it has none. */
  readonly aside?: Aside | undefined;
}

/** What a repair by policy could make of an invalid reading. */
export interface Mendable {
  readonly repair: "case" | "duplicates";
  /** In wire order, at least one, all of one trace. */
  readonly contexts: readonly TraceContext[];
}

export interface ValidReading extends Found {
  readonly kind: "valid";
  readonly context: TraceContext;
  readonly notes: readonly Defect[];
  /** Our own `tm=` member, where a border before us wrote one. */
  readonly own: OwnMember | undefined;
  /** `traceparent` as it came, without the blanks around it; undefined where the context is of another format. */
  readonly wire?: string | undefined;
  /** The members that are valid on their own, where `tracestate` as a whole is not and so is no part of `context`. */
  readonly salvage?: string | undefined;
}

export type Reading =
  | (Found & { readonly kind: "absent"; readonly notes: readonly Defect[] })
  | ValidReading
  | (Found & {
      readonly kind: "invalid";
      /** At least one; the one that decided comes first. */
      readonly defects: readonly Defect[];
      readonly mendable?: Mendable | undefined;
    });

/** Whether the defect is among what was found, be it a note or what makes the reading invalid. */
export function isNoted(reading: Reading, code: DefectCode): boolean {
  const found = reading.kind === "invalid" ? reading.defects : reading.notes;
  return found.some((defect) => defect.code === code);
}

const NONE: readonly Defect[] = [];

/** Reads the trace context of one head. Never throws, whatever the bytes. */
export function read(lines: FieldLines, policy?: Policy, arrival?: Arrival): Reading {
  return readWith(lines, isCut(arrival) ? SCATTERED : placesIn(lines), policy, arrival);
}

/** `read` by whoever knows where the two fields stand. */
export function readWith(
  lines: FieldLines,
  places: Places,
  policy: Policy | undefined,
  arrival: Arrival | undefined,
): Reading {
  const carrier = policy?.carrier;
  const found = carrier === undefined ? NOTHING_FOUND : readCarrier(lines, carrier);
  const own = readPlain(lines, places, found) ?? readClosely(lines, found, isCut(arrival));
  if (policy === undefined || (policy.foreign === undefined && policy.lookAside === undefined)) return own;
  const reading = policy.foreign === undefined ? own : policy.foreign.extract(lines, own);
  return policy.lookAside === undefined ? reading : { ...reading, aside: policy.lookAside(lines) };
}

/** Whether lines may be missing: then it takes a close look to say so. */
export function isCut(arrival: Arrival | undefined): boolean {
  return arrival !== undefined && arrival.truncated === true;
}

/** A head like nearly all: W3C's two fields once each, clean, and nobody against them; or neither. Else undefined. */
function readPlain(lines: FieldLines, places: Places, found: Found): Reading | undefined {
  if (places === 0) return absentReading(found, NONE);
  const parent = parentIn(places);
  if (places === SCATTERED || parent === 0) return undefined;
  const wire = lines[parent] as string;
  if (!isPlainTraceparent(wire)) return undefined;
  const state = stateIn(places);
  return withTracestate(found, wire, state === 0 ? [] : [lines[state] as string], NONE);
}

/** The reading of a plain `traceparent` and of the one `tracestate` beside it; `""`: none came. */
export function readPair(wire: string, list: string): ValidReading {
  return withTracestate(NOTHING_FOUND, wire, list === "" ? [] : [list], NONE);
}

/** Any head, with what there is to tell of it. */
function readClosely(lines: FieldLines, found: Found, truncated: boolean): Reading {
  const nominated = fieldValues(lines, "connection").some(nominatesTrace);
  const around = nominated || truncated ? notesAround(nominated, truncated) : NONE;
  const values = fieldValues(lines, "traceparent");
  const [value] = values;
  if (value === undefined) {
    const orphaned = findField(lines, "tracestate") >= 0;
    return absentReading(found, orphaned ? [...around, defectOf("tracestate-orphaned")] : around);
  }
  if (values.length === 1 && around.length === 0 && findDefect(value) === undefined)
    return withTracestate(found, value, fieldValues(lines, "tracestate"), notesOf(value));
  const single = singleValue(values);
  if (single.kind === "several") {
    const { sameTrace, defects } = single;
    const mendable = sameTrace.length === 0 ? undefined : mend("duplicates", sameTrace, lines);
    return { kind: "invalid", ...found, defects: [...defects, ...around], mendable };
  }
  const notes = [...around, ...single.notes];
  const defect = findDefect(single.value);
  if (defect === undefined) {
    const all = [...notesOf(single.value), ...notes];
    return withTracestate(found, single.value, fieldValues(lines, "tracestate"), all);
  }
  const lowered = defect === "traceparent-upper-case" ? [contextIn(single.value.toLowerCase(), "")] : undefined;
  const mendable = lowered === undefined ? undefined : mend("case", lowered, lines);
  return { kind: "invalid", ...found, defects: [defectOf(defect), ...notes], mendable };
}

function withTracestate(found: Found, value: string, lists: readonly string[], notes: readonly Defect[]): ValidReading {
  if (lists.length === 1 && isOthersAlone(lists[0] as string))
    return validReading(found, value, lists[0] as string, notes, undefined, undefined);
  const { list, defects, salvage } = readTracestate(lists);
  const all = defects.length === 0 ? notes : [...notes, ...defects.map(defectOf)];
  return withOwn(found, value, list, all, salvage === "" ? undefined : salvage);
}

/** The reading of a plain `traceparent` and a plain list, with the member of ours in it that belongs to both. */
export function readClean(wire: string, list: string): ValidReading {
  return list.startsWith(KEY)
    ? withOwn(NOTHING_FOUND, wire, list, NONE, undefined)
    : validReading(NOTHING_FOUND, wire, list, NONE, undefined, undefined);
}

function absentReading({ carried, original }: Found, notes: readonly Defect[]): Reading {
  return { kind: "absent", carried, original, notes };
}

/** The reading of a list that may have a member of ours. */
function withOwn(
  found: Found,
  wire: string,
  tracestate: string,
  notes: readonly Defect[],
  salvage: string | undefined,
): ValidReading {
  const member = memberValue(tracestate, OWN_KEY);
  const own = member === undefined ? undefined : parseOwnMember(member);
  const isOfTrace = own === undefined || own.traceIdHash === hashTraceId(wire, 3);
  const all = isOfTrace ? notes : [...notes, defectOf("own-member-mismatch")];
  return validReading(found, wire, tracestate, all, own, salvage);
}

function validReading(
  { carried, original }: Found,
  wire: string,
  tracestate: string,
  notes: readonly Defect[],
  own: OwnMember | undefined,
  salvage: string | undefined,
): ValidReading {
  return { kind: "valid", carried, original, context: contextIn(wire, tracestate), notes, own, wire, salvage };
}

/** Only a repair by policy makes use of `tracestate` beside an invalid `traceparent` (section 3.3). */
function mend(repair: Mendable["repair"], contexts: readonly TraceContext[], lines: FieldLines): Mendable {
  const tracestate = readTracestate(fieldValues(lines, "tracestate")).list;
  return { repair, contexts: contexts.map((context) => ({ ...context, tracestate })) };
}

function notesAround(nominated: boolean, truncated: boolean): readonly Defect[] {
  const notes: Defect[] = [];
  if (truncated) notes.push(defectOf("head-truncated"));
  if (nominated) notes.push(defectOf("hop-nominated"));
  return notes;
}

const NOTHING_FOUND: Found = { carried: undefined, original: undefined };

/** A value that is no carrier, or that this boundary does not read, is the caller's own. */
function readCarrier(lines: FieldLines, carrier: Carrier): Found {
  const values = fieldValues(lines, carrier.field);
  if (values.length === 0) return NOTHING_FOUND;
  const value = values.map(trimBlanks).join(", ");
  const carried = carrier.read ? parseCarrier(value) : undefined;
  return carried === undefined ? { carried, original: value } : { carried, original: carried.original };
}
