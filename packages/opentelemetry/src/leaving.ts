/** What leaves with a call: the fields that make the active span, or what came in, the callee's parent. */
import type { SpanContext } from "@opentelemetry/api";
import type { Boundary, Edit, Edits, Passage, Reading, TraceContext } from "@tracemend/context";
import {
  RANDOM,
  SAMPLED,
  formatCarrier,
  formatTraceparent,
  isSampled,
  judge,
  limitTracestate,
} from "@tracemend/context";
import { fromSpanContext } from "./span-context.ts";

/** The SDK has continued this trace: trust was decided when the request came in. */
const CONTINUE = { trust: "continue", capped: false } as const;

/**
 * A sampled span of this service is exported, so it is judged as a border judges with spans of its own. A span that is
 * not exported is no parent: what came in goes on as it came, unless the sampler's decision differs from the caller's,
 * for the flag may only change together with the parent (Trace Context Level 2, section 3.4).
 *
 * `arrived` is what came in, of the trace of the active span.
 */
export function editsFor(active: SpanContext, arrived: Passage | undefined, boundary: Boundary): Edits {
  const from = arrived?.verdict.context;
  const own = fromSpanContext(active);
  if (active.isRemote === true) return passOn(arrived, from ?? own, boundary);
  if (isSampled(own)) return judged(own, arrived, boundary);
  return passOn(arrived, from === undefined || isSampled(from) ? own : from, boundary);
}

function judged(own: TraceContext, arrived: Passage | undefined, { policy, cluster }: Boundary): Edits {
  // The SDK drops the random flag of the trace it continues, which must be kept (section 3.2.2.5.2).
  const random = arrived === undefined ? own.flags & RANDOM : (arrived.verdict.context?.flags ?? 0) & RANDOM;
  const reading = readingOf({ ...own, flags: SAMPLED | random }, arrived);
  const spans = { traceId: own.traceId, serverSpanId: own.parentId, clientSpanId: own.parentId };
  return judge(reading, policy, cluster, spans, CONTINUE).edits;
}

/** What came in, with the tracestate that the sampler made of it. */
function readingOf(context: TraceContext, arrived: Passage | undefined): Reading {
  const { reading } = arrived ?? {};
  return {
    kind: "valid",
    context,
    notes: [],
    own: reading?.kind === "valid" ? reading.own : undefined,
    carried: undefined,
    original: undefined,
    foreign: reading?.foreign,
  };
}

function passOn(arrived: Passage | undefined, context: TraceContext, { policy, cluster }: Boundary): Edits {
  if (policy.strip) return [];
  const masked = policy.flagsAlways && (context.flags & ~policy.flagMask) !== 0;
  const untouched = context === arrived?.verdict.context && !masked;
  const wire = untouched && arrived?.reading.kind === "valid" ? arrived.reading.wire : undefined;
  const edits: Edit[] = [{ name: "traceparent", value: wire ?? formatTraceparent(context, policy.flagMask) }];
  const tracestate = limitTracestate(context.tracestate, policy.tracestateMaxLength);
  if (tracestate !== "") edits.push({ name: "tracestate", value: tracestate });
  policy.foreign?.inject(edits, arrived?.reading ?? readingOf(context, undefined), context);
  const carrier = policy.carrier?.send === true ? policy.carrier.field : undefined;
  const value = carrier === undefined ? undefined : formatCarrier({ context, cluster, original: undefined });
  if (carrier !== undefined && value !== undefined) edits.push({ name: carrier, value });
  return edits;
}
