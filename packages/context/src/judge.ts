/** The heart: reading × policy × span granted → action, reason and edits. A table without I/O. */
import { leaveAlone, leaveNothing, leaveWith } from "./leave.ts";
import { OWN_KEY, formatOwnMember, ownMemberOf } from "./own-member.ts";
import type { Policy } from "./policy.ts";
import type { Reading } from "./reading.ts";
import { repairsOf } from "./repairs.ts";
import type { TraceContext } from "./trace-context.ts";
import { RANDOM, SAMPLED, isSampled } from "./trace-context.ts";
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

/** What the trace continues from: the context that came in, the one a repair brought, or nothing. */
interface Plan {
  readonly action: Action;
  readonly reason: Reason;
  readonly from: TraceContext | undefined;
}

/** Reading × policy, in order of precedence; the first line that fits decides. */
function plan(reading: Reading, policy: Policy): Plan {
  if (policy.trust === "restart")
    return reading.kind === "absent" ? begin("start", "no-context", policy) : begin("restart", "untrusted", policy);
  if (reading.kind === "valid") return { action: "preserve", reason: "intact", from: reading.context };
  if (reading.kind === "invalid" && reading.mendable !== undefined) {
    const { repair, contexts } = reading.mendable;
    const from = policy.duplicate === "first" ? contexts[0] : contexts.at(-1);
    if (policy.repairs[repair] === "on") return { action: "repair", reason: `${repair}-repaired`, from };
  }
  const carried = reading.carried?.context;
  if (carried !== undefined && policy.repairs.carrier === "on")
    return { action: "repair", reason: "carrier-restored", from: carried };
  const reported = carried !== undefined && policy.repairs.carrier === "report";
  if (reading.kind === "absent") return begin("start", reported ? "carrier-reported" : "no-context", policy);
  return begin("restart", reported ? "carrier-reported" : "invalid-context", policy);
}

function begin(action: "start" | "restart", reason: Reason, policy: Policy): Plan {
  if (policy.start) return { action, reason, from: undefined };
  return action === "start"
    ? { action: "preserve", reason: "start-off", from: undefined }
    : { action: "strip", reason, from: undefined };
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
  const { repaired, reported } = repairsOf(reading, policy);
  const links = action === "restart" && reading.kind === "valid" ? [reading.context] : undefined;
  if (from === undefined && (spans === undefined || action === "preserve" || action === "strip")) {
    const begins = action === "start" || action === "restart";
    return {
      action: action === "start" || action === "preserve" ? "preserve" : "strip",
      reason: begins ? "no-span" : reason,
      from,
      context: undefined,
      ownParent: false,
      edits: leaveNothing(reading, policy),
      links,
      repaired,
      reported,
    };
  }
  if (spans === undefined) {
    const context = from as TraceContext;
    const edits =
      action === "preserve"
        ? leaveAlone(reading, policy, cluster, context)
        : leaveWith(reading, policy, cluster, context);
    return { action, reason, from, context, ownParent: false, edits, links, repaired, reported };
  }
  const context = ownContext(reading, policy, cluster, action, from, spans);
  const edits = leaveWith(reading, policy, cluster, context);
  return { action, reason, from, context, ownParent: true, edits, links, repaired, reported };
}

/** The context that leaves with our own span as the parent and our own member first. */
function ownContext(
  reading: Reading,
  policy: Policy,
  cluster: string,
  action: Action,
  from: TraceContext | undefined,
  spans: OwnSpans,
): TraceContext {
  const valid = action === "preserve" && reading.kind === "valid" ? reading : undefined;
  const traceId = from === undefined ? spans.traceId : from.traceId;
  const flags = from === undefined ? SAMPLED | RANDOM : from.flags;
  const salvaged = policy.repairs.members === "on" ? valid?.salvage : undefined;
  const tracestate = salvaged ?? (from === undefined ? "" : from.tracestate);
  const member = formatOwnMember(ownMemberOf(traceId, spans.clientSpanId, flags, cluster, valid?.own));
  return {
    traceId,
    parentId: spans.clientSpanId,
    flags,
    tracestate: putMemberFirst(tracestate, OWN_KEY, member, policy.tracestateMaxLength),
  };
}
