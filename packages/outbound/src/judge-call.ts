/** Head × request being handled × target → action, reason and edits: a table without I/O. */
import type { Edit, Edits, FieldLines, Repair, TraceContext } from "@tracemend/context";
import { NO_EDITS, parseTraceparent } from "@tracemend/context";
import type { CallAction, CallReason } from "./call.ts";
import type { Carried } from "./handling.ts";
import type { Head } from "./head.ts";

export interface Levels {
  /** Calls without a context to targets on the list. */
  readonly carry: Repair;
  /** Trace fields on calls to targets that are not on it. */
  readonly withhold: Repair;
}

export interface Outcome {
  readonly action: CallAction;
  readonly reason: CallReason;
  readonly edits: Edits;
}

const HAS_CONTEXT: Outcome = { action: "kept", reason: "has-context", edits: NO_EDITS };
const OTHER_TRACE: Outcome = { action: "kept", reason: "other-trace", edits: NO_EDITS };
const NOTHING: Outcome = { action: "left", reason: "nothing-to-carry", edits: NO_EDITS };
const OVER: Outcome = { action: "left", reason: "request-over", edits: NO_EDITS };
const FOREIGN: Outcome = { action: "left", reason: "foreign-target", edits: NO_EDITS };

/** `fields`: every field that must not reach a foreign target. */
export function judgeForeign(head: Head, levels: Levels, fields: readonly string[]): Outcome {
  const found = fields.filter((name) => head.values(name).length > 0);
  if (found.length === 0 || levels.withhold === "off") return FOREIGN;
  const edits = found.map((name) => ({ name, value: null }));
  return changed("withheld", "foreign-target", edits, levels.withhold, head);
}

/** `carried` is undefined outside of any request; `over` says that the request is long answered. */
export function judgeCall(head: Head, levels: Levels, carried: Carried | undefined, over: boolean): Outcome {
  const present = head.values("traceparent");
  if (present.length === 1) {
    const reading = parseTraceparent(present[0] as string);
    if (reading.kind === "valid") return isOther(reading.context, carried) ? OTHER_TRACE : HAS_CONTEXT;
  } else if (present.length > 1) return judgeSeveral(head, levels, present, over ? undefined : carried);
  const edits = carried === undefined || levels.carry === "off" ? NO_EDITS : editsFrom(carried.lines, head);
  if (carried === undefined || edits.length === 0) return NOTHING;
  if (over) return OVER;
  const reason = present.length === 1 ? "invalid-context" : "no-context";
  return changed("carried", reason, edits, levels.carry, head);
}

/** What instrumentation adds comes behind what the service copied: the last valid one names the nearest span. */
function judgeSeveral(head: Head, levels: Levels, present: readonly string[], carried: Carried | undefined): Outcome {
  const last = present.findLast((value) => parseTraceparent(value).kind === "valid");
  if (last !== undefined) {
    const edits: Edit[] = [{ name: "traceparent", value: last }];
    const states = head.values("tracestate");
    if (states.length > 1) edits.push({ name: "tracestate", value: states.at(-1) as string });
    return changed("single", "several-contexts", edits, "on", head);
  }
  const lines = carried === undefined || levels.carry !== "on" ? [] : carried.lines;
  const edits = editsFrom(lines, head);
  for (const name of ["traceparent", "tracestate"])
    if (!edits.some((edit) => edit.name === name)) edits.push({ name, value: null });
  return changed(lines.length > 0 ? "carried" : "single", "several-contexts", edits, "on", head);
}

function changed(action: CallAction, reason: CallReason, edits: Edits, level: Repair, head: Head): Outcome {
  if (head.sealed) return { action: "reported", reason: "head-sealed", edits: NO_EDITS };
  return level === "on" ? { action, reason, edits } : { action: "reported", reason, edits: NO_EDITS };
}

/** Whether a `traceparent` is of another trace than the one that the edits write. */
export function isOfAnotherTrace(traceparent: string, edits: Edits): boolean {
  const reading = parseTraceparent(traceparent);
  const own = edits.find(({ name }) => name === "traceparent")?.value ?? "";
  return reading.kind === "valid" && !own.includes(reading.context.traceId);
}

function isOther(context: TraceContext, carried: Carried | undefined): boolean {
  return carried?.context !== undefined && carried.context.traceId !== context.traceId;
}

/** A `tracestate` belongs to the `traceparent` beside it; any other field that the service set itself stays. */
function editsFrom(lines: FieldLines, head: Head): Edit[] {
  const edits: Edit[] = [];
  const whole = lines.includes("traceparent");
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    const own = name !== "traceparent" && !(whole && name === "tracestate") && head.values(name).length > 0;
    if (!own) edits.push({ name, value: lines[at + 1] as string });
  }
  if (whole && !lines.includes("tracestate") && head.values("tracestate").length > 0)
    edits.push({ name: "tracestate", value: null });
  return edits;
}
