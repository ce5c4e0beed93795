/** What came in: absent, valid or invalid, from raw header lines. */
import type { Carried } from "./carrier.ts";
import { parseCarrier } from "./carrier.ts";
import type { Defect } from "./defect.ts";
import { defectOf } from "./defect.ts";
import type { FieldLines } from "./field-lines.ts";
import { fieldValue, fieldValues, findField, trimBlanks } from "./field-lines.ts";
import type { OwnMember } from "./own-member.ts";
import { OWN_KEY, parseOwnMember } from "./own-member.ts";
import type { Carrier } from "./policy.ts";
import type { TraceContext } from "./trace-context.ts";
import { parseTraceparent } from "./traceparent.ts";
import { combineTracestate, memberValue } from "./tracestate.ts";

interface Found {
  /** What the extra carrier held; undefined where there was none or the policy does not read one. */
  readonly carried: Carried | undefined;
  /** The caller's own value of the carrier's field: it must leave, or stay recoverable. */
  readonly original: string | undefined;
}

export type Reading =
  | (Found & { readonly kind: "absent"; readonly notes: readonly Defect[] })
  | (Found & {
      readonly kind: "valid";
      readonly context: TraceContext;
      readonly notes: readonly Defect[];
      /** Our own `tm=` member, where a border before us wrote one. */
      readonly own: OwnMember | undefined;
    })
  | (Found & { readonly kind: "invalid"; readonly defects: readonly Defect[] });

const NONE: readonly Defect[] = [];

/** Reads the trace context of one head. Never throws, whatever the bytes. */
export function read(lines: FieldLines, carrier: Carrier | undefined): Reading {
  const found = carrier === undefined ? NOTHING_FOUND : readCarrier(lines, carrier);
  const first = findField(lines, "traceparent");
  if (first < 0) return { kind: "absent", ...found, notes: stateWithoutParent(lines) };
  const value = trimBlanks(lines[first + 1] as string);
  const duplicates = compareDuplicates(lines, first, value);
  if (duplicates === "duplicate-conflicting") return { kind: "invalid", ...found, defects: [defectOf(duplicates)] };
  const parsed = parseTraceparent(value);
  if (parsed.kind === "invalid") return { kind: "invalid", ...found, defects: parsed.defects };
  const notes = duplicates === undefined ? parsed.notes : [...parsed.notes, defectOf(duplicates)];
  const tracestate = combineTracestate(fieldValues(lines, "tracestate"));
  const member = memberValue(tracestate, OWN_KEY);
  const own = member === undefined ? undefined : parseOwnMember(member);
  return { kind: "valid", ...found, context: { ...parsed.context, tracestate }, notes, own };
}

const NOTHING_FOUND: Found = { carried: undefined, original: undefined };

/** A value that is no carrier, or that this boundary does not read, is the caller's own. */
function readCarrier(lines: FieldLines, carrier: Carrier): Found {
  const value = fieldValue(lines, carrier.field);
  if (value === undefined) return NOTHING_FOUND;
  const carried = carrier.read ? parseCarrier(value) : undefined;
  return carried === undefined ? { carried, original: value } : { carried, original: carried.original };
}

function stateWithoutParent(lines: FieldLines): readonly Defect[] {
  return findField(lines, "tracestate") < 0 ? NONE : [defectOf("tracestate-orphaned")];
}

/** Section 3.2.1 allows one traceparent. Two that differ leave open which caller is the real one: the trace restarts. */
function compareDuplicates(
  lines: FieldLines,
  first: number,
  value: string,
): "duplicate-identical" | "duplicate-conflicting" | undefined {
  let found: "duplicate-identical" | undefined;
  for (let at = findField(lines, "traceparent", first + 2); at >= 0; at = findField(lines, "traceparent", at + 2)) {
    if (trimBlanks(lines[at + 1] as string) !== value) return "duplicate-conflicting";
    found = "duplicate-identical";
  }
  return found;
}
