/** The boundary's verdicts as an OpenTelemetry `TextMapPropagator`. */
import type { Context, SpanContext, TextMapGetter, TextMapPropagator, TextMapSetter } from "@opentelemetry/api";
import { createContextKey, trace } from "@opentelemetry/api";
import type { Boundary, FieldLines, Passage, TraceContext } from "@tracemend/context";
import {
  OWN_KEY,
  RANDOM,
  SAMPLED,
  cross,
  formatCarrier,
  formatOwnMember,
  formatTraceparent,
  hashTraceId,
  judge,
  limitTracestate,
  putMemberFirst,
} from "@tracemend/context";
import { arrivedIn, putArrived } from "./arrived.ts";
import { fromSpanContext, toSpanContext } from "./span-context.ts";

export interface PropagatorOptions {
  /** How what comes in is read: trust, repairs, carrier; and whether a carrier is sent. */
  readonly boundary: Boundary;
  /** Whether a sampled span of this service is named in the kit's own `tracestate` member. Default true. */
  readonly ownMember?: boolean;
  /** Told of every head that was read, whatever came of it. */
  readonly observe?: (passage: Passage) => void;
}

/** What the SDK sets while it exports: such calls carry no context. Keys of one description are one key. */
const SUPPRESSED = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** `tracestate` and `Connection` are read for their sake, not alone. */
const READ = ["traceparent", "tracestate", "connection"];

export function createPropagator(options: PropagatorOptions): TextMapPropagator {
  const { boundary, ownMember = true, observe } = options;
  const { carrier } = boundary.policy;
  const fields = carrier === undefined ? ["traceparent", "tracestate"] : ["traceparent", "tracestate", carrier.field];
  const wanted = carrier === undefined ? READ : [...READ, carrier.field];

  return {
    fields: () => fields,
    extract(context, bearer, getter) {
      const passage = readAt(boundary, linesOf(bearer, getter, wanted));
      tell(observe, passage);
      const { context: from } = passage.verdict;
      const before = putArrived(context, passage);
      if (from !== undefined) return trace.setSpanContext(before, toSpanContext(from));
      return passage.reading.kind === "absent" ? before : trace.deleteSpan(before);
    },
    inject(context, bearer, setter) {
      const active = trace.getSpanContext(context);
      if (active === undefined || !trace.isSpanContextValid(active) || context.getValue(SUPPRESSED) === true) return;
      const arrived = sameTrace(context, active);
      const leaving = leavingContext(active, arrived, boundary, ownMember);
      const wire = leaving === arrived?.verdict.context ? wireOf(arrived) : undefined;
      setter.set(bearer, "traceparent", wire ?? formatTraceparent(leaving));
      if (leaving.tracestate !== "") setter.set(bearer, "tracestate", leaving.tracestate);
      setCarrier(boundary, leaving, bearer, setter);
    },
  };
}

/** The ids the SDK will give are not known yet; none of these leaves. */
const SDK_SPANS = { traceId: "f".repeat(32), serverSpanId: "f".repeat(16), clientSpanId: "f".repeat(16) };

/** Where nothing goes on, the SDK begins a trace: the verdict says why, as it would with spans of our own. */
function readAt(boundary: Boundary, lines: FieldLines): Passage {
  const passage = cross(boundary, lines, () => undefined);
  const { reading, verdict } = passage;
  if (verdict.reason !== "no-span") return passage;
  const { action, reason } = judge(reading, boundary.policy, boundary.cluster, SDK_SPANS);
  return { ...passage, verdict: { ...verdict, action, reason } };
}

function tell(observe: ((passage: Passage) => void) | undefined, passage: Passage): void {
  try {
    observe?.(passage);
  } catch {
    // A request is read while it is served: whoever watches has no say in it.
  }
}

function linesOf<Bearer>(bearer: Bearer, getter: TextMapGetter<Bearer>, names: readonly string[]): FieldLines {
  const lines: string[] = [];
  for (const name of names) {
    const value = getter.get(bearer, name);
    if (typeof value === "string") lines.push(name, value);
    else if (value !== undefined) for (const each of value) lines.push(name, each);
  }
  return lines;
}

/** What came in, where the active span belongs to its trace. */
function sameTrace(context: Context, { traceId }: SpanContext): Passage | undefined {
  const arrived = arrivedIn(context);
  return arrived?.verdict.context?.traceId === traceId ? arrived : undefined;
}

/**
 * A span that is not exported is no parent: what came in goes on as it came, unless the sampler's decision differs from
 * the caller's, for the flag may only change together with the parent (Trace Context Level 2, section 3.5).
 */
function leavingContext(
  active: SpanContext,
  arrived: Passage | undefined,
  { policy, cluster }: Boundary,
  ownMember: boolean,
): TraceContext {
  const from = arrived?.verdict.context;
  const sampled = active.traceFlags & SAMPLED;
  if (from !== undefined && (active.isRemote === true || (sampled === 0 && (from.flags & SAMPLED) === 0))) return from;
  const own = fromSpanContext(active);
  // The SDK drops the random flag of the trace it continues, which must be kept (section 3.2.2.5.2).
  const flags = from === undefined ? own.flags : sampled | (from.flags & RANDOM);
  const exported = sampled !== 0 && active.isRemote !== true;
  const tracestate =
    ownMember && exported
      ? putMemberFirst(own.tracestate, OWN_KEY, memberOf(own, flags, cluster, arrived), policy.tracestateMaxLength)
      : limitTracestate(own.tracestate, policy.tracestateMaxLength);
  return { ...own, flags, tracestate };
}

function memberOf(own: TraceContext, flags: number, cluster: string, arrived: Passage | undefined): string {
  const before = arrived?.reading.kind === "valid" ? arrived.reading.own : undefined;
  const hop = before === undefined ? 1 : Math.min(before.hop + 1, 255);
  return formatOwnMember({ cluster, hop, traceIdHash: hashTraceId(own.traceId), spanId: own.parentId, flags });
}

/** A value that passes unchanged passes as it came, even one of a version that this kit does not write. */
function wireOf(arrived: Passage | undefined): string | undefined {
  return arrived?.reading.kind === "valid" ? arrived.reading.wire : undefined;
}

function setCarrier<Bearer>(
  { policy, cluster }: Boundary,
  context: TraceContext,
  bearer: Bearer,
  setter: TextMapSetter<Bearer>,
): void {
  if (policy.carrier?.send !== true) return;
  const value = formatCarrier({ context, cluster, original: undefined });
  if (value !== undefined) setter.set(bearer, policy.carrier.field, value);
}
