/** The edits that make a verdict true on the wire. */
import { filterBaggage } from "./baggage.ts";
import { formatCarrier } from "./carrier.ts";
import type { Edit, Edits } from "./edits.ts";
import { NO_EDITS } from "./edits.ts";
import type { Policy, Ruling } from "./policy.ts";
import type { Reading } from "./reading.ts";
import { isNoted } from "./reading.ts";
import type { TraceContext } from "./trace-context.ts";
import { formatTraceparent } from "./traceparent.ts";

/** Nothing goes on: what is left of a context that is no use to anyone is removed, and the carrier taken out. */
export function leaveNothing(reading: Reading, policy: Policy, ruling: Ruling): Edits {
  const edits: Edit[] = [];
  if (reading.kind !== "absent") edits.push({ name: "traceparent", value: null });
  if (reading.kind !== "absent" || isNoted(reading, "tracestate-orphaned"))
    edits.push({ name: "tracestate", value: null });
  takeOutCarrier(edits, reading, policy);
  if (ruling.trust !== "continue") policy.foreign?.withdraw(edits, reading);
  leaveAside(edits, reading, policy, ruling);
  return edits.length === 0 ? NO_EDITS : edits;
}

/** The context goes on as it came, without a span of ours: a clean one untouched, a doubled one once. */
export function leaveAlone(
  reading: Reading & { kind: "valid" },
  policy: Policy,
  ruling: Ruling,
  cluster: string,
): Edits {
  const { context, wire } = reading;
  if (reading.notes.length === 0 && asksNothing(policy)) return NO_EDITS;
  const edits: Edit[] = [];
  const nominated = policy.repairs.nominated === "on" && isNoted(reading, "hop-nominated");
  const masked = policy.flagsAlways && (context.flags & ~policy.flagMask) !== 0;
  if (masked) edits.push({ name: "traceparent", value: formatTraceparent(context, policy.flagMask) });
  else if (nominated || isDoubled(reading))
    edits.push({ name: "traceparent", value: wire ?? formatTraceparent(context) });
  if (isNoted(reading, "tracestate-empty")) edits.push({ name: "tracestate", value: null });
  else if (nominated && context.tracestate !== "") edits.push({ name: "tracestate", value: context.tracestate });
  finish(edits, reading, policy, ruling, cluster, context);
  return edits.length === 0 ? NO_EDITS : edits;
}

/** The context leaves in place of whatever came in; its `tracestate` is within the limits. */
export function leaveWith(
  reading: Reading,
  policy: Policy,
  ruling: Ruling,
  cluster: string,
  context: TraceContext,
): Edits {
  const { tracestate } = context;
  const edits: Edit[] = [
    { name: "traceparent", value: formatTraceparent(context, policy.flagMask) },
    { name: "tracestate", value: tracestate === "" ? null : tracestate },
  ];
  finish(edits, reading, policy, ruling, cluster, context);
  return edits;
}

/**
 * A context of another format whose sampling is left to the callee goes on in that format alone: W3C's flag would turn
 * the open decision into a refusal. What there was of W3C's fields goes, unless it agreed.
 */
export function leaveOpen(reading: Reading & { kind: "valid" }, policy: Policy, ruling: Ruling): Edits {
  const edits: Edit[] = [];
  if (reading.notes.length > 0) edits.push({ name: "traceparent", value: null }, { name: "tracestate", value: null });
  takeOutCarrier(edits, reading, policy);
  leaveAside(edits, reading, policy, ruling);
  return edits.length === 0 ? NO_EDITS : edits;
}

/** No context of ours leaves; `outside` is the one that was remembered, where there is one. */
export function leaveStripped(reading: Reading, policy: Policy, outside: TraceContext | undefined): Edits {
  const edits: Edit[] = [];
  if (outside !== undefined) {
    const { tracestate } = outside;
    edits.push({ name: "traceparent", value: formatTraceparent(outside, policy.flagMask) });
    edits.push({ name: "tracestate", value: tracestate === "" ? null : tracestate });
  }
  takeOutCarrier(edits, reading, policy);
  clear(edits, reading);
  return edits.length === 0 ? NO_EDITS : edits;
}

/** Nothing but the context is looked at, and that may go on as it came: most heads at most boundaries. */
function asksNothing(policy: Policy): boolean {
  const { carrier, foreign, lookAside, flagsAlways } = policy;
  return carrier === undefined && foreign === undefined && lookAside === undefined && !flagsAlways;
}

function isDoubled(reading: Reading): boolean {
  return isNoted(reading, "duplicate-identical") || isNoted(reading, "traceparent-joined");
}

function finish(
  edits: Edit[],
  reading: Reading,
  policy: Policy,
  ruling: Ruling,
  cluster: string,
  context: TraceContext,
): void {
  if (policy.carrier !== undefined) setCarrier(edits, reading, policy, cluster, context);
  if (policy.foreign !== undefined) {
    policy.foreign.inject(edits, reading, context);
    if (ruling.trust !== "continue") policy.foreign.withdraw(edits, reading);
  }
  if (reading.aside !== undefined) leaveAside(edits, reading, policy, ruling);
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

function leaveAside(edits: Edit[], reading: Reading, policy: Policy, ruling: Ruling): void {
  const { aside } = reading;
  if (aside === undefined) return;
  const value =
    ruling.trust === "ignore" && aside.baggage.length > 0
      ? null
      : policy.baggage && filterBaggage(policy.baggage, aside.baggage);
  if (value !== undefined) edits.push({ name: "baggage", value });
  clear(edits, reading);
}

/** What is written is not cleared: fields are cleared between reading and writing. */
function clear(edits: Edit[], reading: Reading): void {
  for (const name of reading.aside?.cleared ?? [])
    if (!edits.some((edit) => edit.name === name)) edits.push({ name, value: null });
}
