/** What leaves in formats other than W3C's: written, refreshed, removed, or left alone. */
import type { Edit } from "../edits.ts";
import type { Repair } from "../policy.ts";
import type { Reading } from "../reading.ts";
import type { TraceContext } from "../trace-context.ts";
import { isSampled } from "../trace-context.ts";
import type { FoundFormat } from "./extract.ts";
import { ZERO_ID } from "./decimal.ts";
import type { ForeignContext, Format, Outgoing, Sampling } from "./format.ts";
import { isRecorded } from "./format.ts";

export interface InjectRules {
  /** Formats that are written whatever came. */
  readonly formats: readonly Format[];
  /** The formats that a context came in are written too. */
  readonly preserve: boolean;
  /** Written where `preserve` finds none. */
  readonly fallback: Format | undefined;
  /** What is done with a format that came, is not to be written, and tells of an older context. */
  readonly stale: "refresh" | "remove";
}

/** Adds the edits that make the formats agree with the context that leaves. */
export function inject(
  rules: InjectRules,
  level: Repair,
  edits: Edit[],
  reading: Reading,
  context: TraceContext,
): void {
  const found = reading.foreign?.found ?? [];
  const targets = targetsOf(rules, found);
  for (const format of targets) {
    const came = found.find((each) => each.format === format);
    if (came === undefined || differs(came, context)) write(edits, format, outgoing(reading, context, came));
  }
  if (level !== "on") return;
  for (const each of staleOf(rules, reading, context)) {
    if (rules.stale === "refresh" && each.format.write !== undefined)
      write(edits, each.format, outgoing(reading, context, each));
    else removeFormat(edits, each.format);
  }
}

/** Removes what came in the formats the policy takes contexts from and was not written anew. */
export function withdraw(edits: Edit[], reading: Reading): void {
  for (const { format, listed } of reading.foreign?.found ?? []) {
    const edited = edits.some((edit) => format.fields.includes(edit.name));
    if (listed && !edited) removeFormat(edits, format);
  }
}

/** The formats that came, are not to be written, and would leave with another context than the one that leaves. */
export function staleOf(rules: InjectRules, reading: Reading, context: TraceContext): readonly FoundFormat[] {
  const found = reading.foreign?.found ?? [];
  const targets = targetsOf(rules, found);
  return found.filter((each) => !targets.includes(each.format) && tellsOfTrace(each) && differs(each, context));
}

/** What is malformed in a format the policy does not list may be something else that has the field's name. */
function tellsOfTrace({ reading, listed }: FoundFormat): boolean {
  return reading.kind === "valid" || (reading.kind === "malformed" && listed);
}

function targetsOf(rules: InjectRules, found: readonly FoundFormat[]): readonly Format[] {
  const targets = [...rules.formats];
  if (!rules.preserve) return targets;
  const came = found.filter((each) => each.listed && each.format.write !== undefined && carriesIds(each));
  for (const { format } of came) if (!targets.includes(format)) targets.push(format);
  if (came.length === 0 && rules.fallback !== undefined && !targets.includes(rules.fallback))
    targets.push(rules.fallback);
  return targets;
}

/** A sampling decision that came alone is no context to refresh. */
function carriesIds({ reading }: FoundFormat): boolean {
  if (reading.kind === "recognised") return false;
  return reading.kind === "malformed" || reading.context.traceId !== undefined;
}

function differs({ reading }: FoundFormat, context: TraceContext): boolean {
  if (reading.kind !== "valid") return true;
  const { traceId, parentId, sampling, idDigits } = reading.context;
  const same = idDigits === 16 ? traceId?.slice(16) === context.traceId.slice(16) : traceId === context.traceId;
  const decided = sampling === "defer" || isRecorded(sampling) === isSampled(context);
  return !same || parentId !== context.parentId || !decided;
}

function outgoing(reading: Reading, context: TraceContext, came: FoundFormat | undefined): Outgoing {
  const before = came?.reading.kind === "valid" ? came.reading.context : undefined;
  const { traceId, parentId } = context;
  return {
    traceId,
    parentId,
    sampling: samplingOf(reading, context),
    idDigits: traceId.startsWith(ZERO_ID) || isShortFor(before, traceId) ? 16 : 32,
    rest: before?.rest ?? "",
  };
}

/** What came in this format is the low half of the trace that leaves: its reader knows the trace by that. */
function isShortFor(before: ForeignContext | undefined, traceId: string): boolean {
  return before?.idDigits === 16 && before.traceId?.slice(16) === traceId.slice(16);
}

/** Debug stays debug and an open decision stays open: W3C's flag cannot say either. */
function samplingOf(reading: Reading, context: TraceContext): Sampling {
  const came = reading.foreign?.sampling;
  if (isSampled(context)) return came === "debug" ? "debug" : "accept";
  return came === "defer" ? "defer" : "deny";
}

function write(edits: Edit[], format: Format, leaving: Outgoing): void {
  for (const edit of format.write?.(leaving) ?? []) edits.push(edit);
}

function removeFormat(edits: Edit[], format: Format): void {
  for (const name of format.fields) edits.push({ name, value: null });
}
