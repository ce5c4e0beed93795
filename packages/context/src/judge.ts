/** The heart: reading × policy × span granted → action, reason and edits. A table without I/O. */
import { formatCarrier } from "./carrier.ts";
import type { Edit, Edits } from "./edits.ts";
import { NO_EDITS } from "./edits.ts";
import { OWN_KEY, formatOwnMember, ownMemberOf } from "./own-member.ts";
import type { Policy } from "./policy.ts";
import type { Reading } from "./reading.ts";
import type { TraceContext } from "./trace-context.ts";
import { RANDOM, SAMPLED, isSampled } from "./trace-context.ts";
import { formatTraceparent } from "./traceparent.ts";
import { putMemberFirst } from "./tracestate.ts";
import type { Action, Reason, Verdict } from "./verdict.ts";

/** A pair of spans that was accepted for export before its ids are put on the wire. */
export interface OwnSpans {
  /** The id for a trace that begins here; random in its right-most 7 bytes. */
  readonly traceId: string;
  readonly serverSpanId: string;
  /** The parent that leaves. */
  readonly clientSpanId: string;
}

/** What the trace continues from: the context that came in, the one a carrier brought, or nothing. */
interface Plan {
  readonly action: Action;
  readonly reason: Reason;
  readonly from: TraceContext | undefined;
}

/** Reading × policy, in order of precedence; the first line that fits decides. */
function plan(reading: Reading, policy: Policy): Plan {
  const carried = policy.repair === "off" ? undefined : reading.carried?.context;
  if (policy.trust === "restart") {
    return reading.kind === "absent" ? begin("start", "no-context", policy) : begin("restart", "untrusted", policy);
  }
  if (reading.kind === "valid") return { action: "preserve", reason: "intact", from: reading.context };
  if (carried !== undefined && policy.repair === "on")
    return { action: "repair", reason: "carrier-restored", from: carried };
  const reported = carried !== undefined;
  if (reading.kind === "absent") return begin("start", reported ? "carrier-reported" : "no-context", policy);
  return begin("restart", reported ? "carrier-reported" : "invalid-context", policy);
}

function begin(action: "start" | "restart", reason: Reason, policy: Policy): Plan {
  if (policy.start) return { action, reason, from: undefined };
  return {
    action: action === "start" ? "preserve" : "strip",
    reason: action === "start" ? "start-off" : reason,
    from: undefined,
  };
}

/** Whether a pair of spans of our own is worth asking for: only a sampled trace is exported. */
export function wantsSpans(reading: Reading, policy: Policy): boolean {
  const { action, from } = plan(reading, policy);
  if (from !== undefined) return isSampled(from);
  return action === "start" || action === "restart";
}

/**
 * Decides what leaves. `spans` are given only when they are accepted for export: without them no parent id of ours
 * leaves and no trace begins here, and the context that came in goes on as it came.
 */
export function judge(reading: Reading, policy: Policy, cluster: string, spans: OwnSpans | undefined): Verdict {
  const { action, reason, from } = plan(reading, policy);
  if (from === undefined) {
    if (action === "preserve" || action === "strip") return nothing(action, reason, reading, policy);
    if (spans === undefined) return nothing(action === "start" ? "preserve" : "strip", "no-span", reading, policy);
  }
  if (spans === undefined) {
    const context = from as TraceContext;
    return {
      action,
      reason,
      from,
      context,
      ownParent: false,
      edits: passOn(reading, policy, cluster, context, action),
    };
  }
  const base = from ?? {
    traceId: spans.traceId,
    parentId: spans.clientSpanId,
    flags: SAMPLED | RANDOM,
    tracestate: "",
  };
  const under = { ...base, parentId: spans.clientSpanId };
  const own = ownMemberOf(under, cluster, reading.kind === "valid" && action === "preserve" ? reading.own : undefined);
  const context = { ...under, tracestate: putMemberFirst(base.tracestate, OWN_KEY, formatOwnMember(own)) };
  return { action, reason, from, context, ownParent: true, edits: write(reading, policy, cluster, context) };
}

/** Nothing goes on: what is left of a context that is no use to anyone is removed, and the carrier taken out. */
function nothing(action: "preserve" | "strip", reason: Reason, reading: Reading, policy: Policy): Verdict {
  const edits: Edit[] = [];
  if (reading.kind !== "absent") edits.push({ name: "traceparent", value: null });
  if (reading.kind !== "absent" || reading.notes.length > 0) edits.push({ name: "tracestate", value: null });
  takeOutCarrier(edits, reading, policy);
  return {
    action,
    reason,
    from: undefined,
    context: undefined,
    ownParent: false,
    edits: edits.length === 0 ? NO_EDITS : edits,
  };
}

/** The context goes on without a span of ours: a clean one untouched, a doubled one once, a carried one put back. */
function passOn(reading: Reading, policy: Policy, cluster: string, context: TraceContext, action: Action): Edits {
  if (action !== "preserve") return write(reading, policy, cluster, context);
  const doubled = reading.kind === "valid" && reading.notes.some((note) => note.code === "duplicate-identical");
  const edits: Edit[] = doubled ? [{ name: "traceparent", value: formatTraceparent(context) }] : [];
  setCarrier(edits, reading, policy, cluster, context);
  return edits.length === 0 ? NO_EDITS : edits;
}

function write(reading: Reading, policy: Policy, cluster: string, context: TraceContext): Edits {
  const edits: Edit[] = [
    { name: "traceparent", value: formatTraceparent(context) },
    { name: "tracestate", value: context.tracestate === "" ? null : context.tracestate },
  ];
  setCarrier(edits, reading, policy, cluster, context);
  return edits;
}

/** Writes our own carrier where the policy sends one; else, or where it would not fit, leaves only the caller's value. */
function setCarrier(edits: Edit[], reading: Reading, policy: Policy, cluster: string, context: TraceContext): void {
  const { carrier } = policy;
  const value = carrier?.send === true ? formatCarrier({ context, cluster, original: reading.original }) : undefined;
  if (carrier === undefined || value === undefined) takeOutCarrier(edits, reading, policy);
  else edits.push({ name: carrier.field, value });
}

function takeOutCarrier(edits: Edit[], reading: Reading, policy: Policy): void {
  if (policy.carrier === undefined || reading.carried === undefined) return;
  edits.push({ name: policy.carrier.field, value: reading.original ?? null });
}
