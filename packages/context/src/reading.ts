/** What came in: absent, valid or invalid, from raw header lines. */
import type { Arrival } from "./arrival.ts";
import type { Carried } from "./carrier.ts";
import { parseCarrier } from "./carrier.ts";
import type { Defect, DefectCode } from "./defect.ts";
import { defectOf } from "./defect.ts";
import { singleValue } from "./duplicates.ts";
import type { FieldLines } from "./field-lines.ts";
import { fieldValues, findField, isField, trimBlanks } from "./field-lines.ts";
import type { Foreign } from "./foreign/extract.ts";
import type { OwnMember } from "./own-member.ts";
import { OWN_KEY, isOthersAlone, parseOwnMember } from "./own-member.ts";
import type { Aside, Carrier, Policy } from "./policy.ts";
import type { TraceContext } from "./trace-context.ts";
import { hashTraceId } from "./trace-id-hash.ts";
import { contextIn, findDefect, isPlainTraceparent, notesOf } from "./traceparent.ts";
import { isPlainList, memberValue, readTracestate } from "./tracestate.ts";

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

export type Reading =
  | (Found & { readonly kind: "absent"; readonly notes: readonly Defect[] })
  | (Found & {
      readonly kind: "valid";
      readonly context: TraceContext;
      readonly notes: readonly Defect[];
      /** Our own `tm=` member, where a border before us wrote one. */
      readonly own: OwnMember | undefined;
      /** `traceparent` as it came, without the blanks around it; undefined where the context is of another format. */
      readonly wire?: string | undefined;
      /** The members that are valid on their own, where `tracestate` as a whole is not and so is no part of `context`. */
      readonly salvage?: string | undefined;
    })
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
  const carrier = policy?.carrier;
  const found = carrier === undefined ? NOTHING_FOUND : readCarrier(lines, carrier);
  const truncated = arrival !== undefined && arrival.truncated === true;
  const own = (truncated ? undefined : readPlain(lines, found)) ?? readClosely(lines, found, truncated);
  if (policy === undefined || (policy.foreign === undefined && policy.lookAside === undefined)) return own;
  const reading = policy.foreign === undefined ? own : policy.foreign.extract(lines, own);
  return policy.lookAside === undefined ? reading : { ...reading, aside: policy.lookAside(lines) };
}

/** A head like nearly all: W3C's two fields once each, clean, and nobody against them; or neither. Else undefined. */
function readPlain(lines: FieldLines, found: Found): Reading | undefined {
  let parent = 0;
  let state = 0;
  const last = lines.length - 1;
  for (let at = 0; at < last; at += 2) {
    const name = lines[at] as string;
    const { length } = name;
    if (length === 11) {
      if (isField(name, "traceparent")) {
        if (parent > 0) return undefined;
        parent = at + 1;
      }
    } else if (length === 10) {
      const first = name.charCodeAt(0) | 0x20;
      if (first === 0x74 && isField(name, "tracestate")) {
        if (state > 0) return undefined;
        state = at + 1;
      } else if (first === 0x63 && nominatesTrace(lines[at + 1] as string) && isField(name, "connection"))
        return undefined;
    }
  }
  if (parent === 0) return state === 0 ? absentReading(found, NONE) : undefined;
  const value = lines[parent] as string;
  if (!isPlainTraceparent(value)) return undefined;
  if (state === 0) return validReading(found, value, "", NONE, undefined, undefined);
  const list = lines[state] as string;
  if (isOthersAlone(list)) return validReading(found, value, list, NONE, undefined, undefined);
  return isPlainList(list) ? withOwn(found, value, list, NONE, undefined) : undefined;
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
    return withTracestate(found, value, lines, notesOf(value));
  const single = singleValue(values);
  if (single.kind === "several") {
    const { sameTrace, defects } = single;
    const mendable = sameTrace.length === 0 ? undefined : mend("duplicates", sameTrace, lines);
    return { kind: "invalid", ...found, defects: [...defects, ...around], mendable };
  }
  const notes = [...around, ...single.notes];
  const defect = findDefect(single.value);
  if (defect === undefined) return withTracestate(found, single.value, lines, [...notesOf(single.value), ...notes]);
  const lowered = defect === "traceparent-upper-case" ? [contextIn(single.value.toLowerCase(), "")] : undefined;
  const mendable = lowered === undefined ? undefined : mend("case", lowered, lines);
  return { kind: "invalid", ...found, defects: [defectOf(defect), ...notes], mendable };
}

function withTracestate(found: Found, value: string, lines: FieldLines, notes: readonly Defect[]): Reading {
  const { list, defects, salvage } = readTracestate(fieldValues(lines, "tracestate"));
  const all = defects.length === 0 ? notes : [...notes, ...defects.map(defectOf)];
  return withOwn(found, value, list, all, salvage === "" ? undefined : salvage);
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
): Reading {
  const member = memberValue(tracestate, OWN_KEY);
  const own = member === undefined ? undefined : parseOwnMember(member);
  const isOfTrace = own === undefined || own.traceIdHash === hashTraceId(wire, 3, 35);
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
): Reading {
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

/** Whether `Connection` asks the next hop to remove a trace field; the usual values are too short to. */
function nominatesTrace(connection: string): boolean {
  const { length } = connection;
  if (length < 10 || (length === 10 && (connection.charCodeAt(0) | 0x20) !== 0x74)) return false;
  return connection.split(",").some((option) => {
    const name = trimBlanks(option).toLowerCase();
    return name === "traceparent" || name === "tracestate";
  });
}
