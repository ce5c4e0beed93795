/** The context that leaves with our own span as the parent. */
import type { OwnSpans } from "./judge.ts";
import { rememberOutside } from "./outside.ts";
import type { OwnMember } from "./own-member.ts";
import { OWN_KEY, formatOwnMember, ownMemberOf, signedText } from "./own-member.ts";
import type { Policy } from "./policy.ts";
import type { Reading } from "./reading.ts";
import type { TraceContext } from "./trace-context.ts";
import { RANDOM, SAMPLED } from "./trace-context.ts";
import { putMemberFirst } from "./tracestate.ts";

/** Our span in the trace that came in. It is recorded, so the flag says so (section 3.2.2.5.1). */
export function continueAs(
  spans: OwnSpans,
  from: TraceContext,
  reading: Reading,
  policy: Policy,
  cluster: string,
): TraceContext {
  const valid = reading.kind === "valid" ? reading : undefined;
  const salvaged = policy.repairs.members === "on" ? valid?.salvage : undefined;
  const { traceId, flags, tracestate } = from;
  const context = { traceId, parentId: spans.clientSpanId, flags: flags | SAMPLED, tracestate: salvaged ?? tracestate };
  return withMember(context, valid?.own, policy, cluster, valid?.context === from ? valid.wire : undefined);
}

/** Our span at the head of a trace that begins here, under an id that was adopted where there is one. */
export function beginAs(
  spans: OwnSpans,
  adopted: string | undefined,
  outside: TraceContext | undefined,
  policy: Policy,
  cluster: string,
): TraceContext {
  const context = {
    traceId: adopted ?? spans.traceId,
    parentId: spans.clientSpanId,
    flags: adopted === undefined ? SAMPLED | RANDOM : SAMPLED,
    tracestate: outside === undefined ? "" : rememberOutside(outside),
  };
  return withMember(context, undefined, policy, cluster, undefined);
}

function withMember(
  context: TraceContext,
  before: OwnMember | undefined,
  policy: Policy,
  cluster: string,
  wire: string | undefined,
): TraceContext {
  const { traceId, parentId, flags, tracestate } = context;
  const unsigned = ownMemberOf(context, cluster, before, wire);
  const member =
    policy.signing === undefined
      ? unsigned
      : { ...unsigned, signature: policy.signing.sign(signedText(traceId, unsigned)) };
  const list = putMemberFirst(tracestate, OWN_KEY, formatOwnMember(member), policy.tracestateMaxLength);
  return { traceId, parentId, flags, tracestate: list };
}
