/** The context that leaves with our own span as the parent. */
import type { OwnSpans } from "./judge.ts";
import { rememberOutside } from "./outside.ts";
import { OWN_KEY, unsignedText } from "./own-member.ts";
import type { Policy } from "./policy.ts";
import type { Reading } from "./reading.ts";
import type { TraceContext } from "./trace-context.ts";
import { RANDOM, SAMPLED } from "./trace-context.ts";
import { hashTraceId } from "./trace-id-hash.ts";
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
  const { traceId } = from;
  const hop = valid?.own === undefined ? 1 : Math.min(valid.own.hop + 1, 255);
  const tracestate = salvaged ?? from.tracestate;
  return withMember(traceId, spans.clientSpanId, from.flags | SAMPLED, tracestate, hop, policy, cluster);
}

/** Our span at the head of a trace that begins here, under an id that was adopted where there is one. */
export function beginAs(
  spans: OwnSpans,
  adopted: string | undefined,
  outside: TraceContext | undefined,
  policy: Policy,
  cluster: string,
): TraceContext {
  const traceId = adopted ?? spans.traceId;
  const flags = adopted === undefined ? SAMPLED | RANDOM : SAMPLED;
  const tracestate = outside === undefined ? "" : rememberOutside(outside);
  return withMember(traceId, spans.clientSpanId, flags, tracestate, 1, policy, cluster);
}

function withMember(
  traceId: string,
  parentId: string,
  flags: number,
  tracestate: string,
  hop: number,
  policy: Policy,
  cluster: string,
): TraceContext {
  const { signing, tracestateMaxLength } = policy;
  const unsigned = unsignedText(cluster, hop, hashTraceId(traceId), parentId, flags);
  const member = signing === undefined ? unsigned : `${unsigned}.${signing.sign(`${traceId}|${unsigned}`)}`;
  return { traceId, parentId, flags, tracestate: putMemberFirst(tracestate, OWN_KEY, member, tracestateMaxLength) };
}
