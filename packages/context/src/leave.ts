/** The edits that make a verdict true on the wire. */
import { formatCarrier } from "./carrier.ts";
import type { Edit, Edits } from "./edits.ts";
import { NO_EDITS } from "./edits.ts";
import type { Policy } from "./policy.ts";
import type { Reading } from "./reading.ts";
import { isNoted } from "./reading.ts";
import type { TraceContext } from "./trace-context.ts";
import { formatTraceparent } from "./traceparent.ts";
import { limitTracestate } from "./tracestate.ts";

/** Nothing goes on: what is left of a context that is no use to anyone is removed, and the carrier taken out. */
export function leaveNothing(reading: Reading, policy: Policy): Edits {
  const edits: Edit[] = [];
  if (reading.kind !== "absent") edits.push({ name: "traceparent", value: null });
  if (reading.kind !== "absent" || isNoted(reading, "tracestate-orphaned"))
    edits.push({ name: "tracestate", value: null });
  takeOutCarrier(edits, reading, policy);
  return edits.length === 0 ? NO_EDITS : edits;
}

/** The context goes on as it came, without a span of ours: a clean one untouched, a doubled one once. */
export function leaveAlone(reading: Reading, policy: Policy, cluster: string, context: TraceContext): Edits {
  const edits: Edit[] = [];
  if (reading.kind === "valid" && reading.notes.length > 0) {
    const kept = isNoted(reading, "hop-nominated") && policy.repairs.nominated === "on";
    const doubled = isNoted(reading, "duplicate-identical") || isNoted(reading, "traceparent-joined");
    if (kept || doubled) edits.push({ name: "traceparent", value: reading.wire ?? formatTraceparent(context) });
    if (isNoted(reading, "tracestate-empty")) edits.push({ name: "tracestate", value: null });
    else if (kept && context.tracestate !== "") edits.push({ name: "tracestate", value: context.tracestate });
  }
  setCarrier(edits, reading, policy, cluster, context);
  return edits.length === 0 ? NO_EDITS : edits;
}

/** The context leaves in place of whatever came in. */
export function leaveWith(reading: Reading, policy: Policy, cluster: string, context: TraceContext): Edits {
  const tracestate = limitTracestate(context.tracestate, policy.tracestateMaxLength);
  const edits: Edit[] = [
    { name: "traceparent", value: formatTraceparent(context) },
    { name: "tracestate", value: tracestate === "" ? null : tracestate },
  ];
  setCarrier(edits, reading, policy, cluster, context);
  return edits;
}

/** Writes our own carrier where the policy sends one; else, or where it would not fit, leaves only the caller's value. */
function setCarrier(edits: Edit[], reading: Reading, policy: Policy, cluster: string, context: TraceContext): void {
  const { carrier } = policy;
  if (carrier === undefined) return;
  const value = carrier.send ? formatCarrier({ context, cluster, original: reading.original }) : undefined;
  if (value === undefined) takeOutCarrier(edits, reading, policy);
  else edits.push({ name: carrier.field, value });
}

function takeOutCarrier(edits: Edit[], reading: Reading, policy: Policy): void {
  if (policy.carrier === undefined || reading.carried === undefined) return;
  edits.push({ name: policy.carrier.field, value: reading.original ?? null });
}
