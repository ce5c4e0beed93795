/** The span a service works in, compared with the context it was called with. */
import type { Link, SpanContext } from "@opentelemetry/api";
import type { TraceContext } from "@tracemend/context";
import { isSampled, SAMPLED } from "@tracemend/context";

/**
 * `continued`: the span is a child of what arrived. `restarted`: it is of another trace. `linked`: of another trace, but
 * it links to what arrived. `reparented`: of the same trace below another parent. `unsampled`, `sampled`: a child whose
 * sampled flag differs from the caller's. `no-span`: nothing is active.
 */
export type Continuation = "continued" | "restarted" | "linked" | "reparented" | "unsampled" | "sampled" | "no-span";

/** What of a span is compared: OpenTelemetry's SDK span is one. */
export interface ComparedSpan {
  spanContext(): SpanContext;
  /** Unknown for a span that is not recorded. */
  readonly parentSpanContext?: SpanContext | undefined;
  readonly links?: readonly Link[];
}

export function compareSpan(arrived: TraceContext, span: ComparedSpan | undefined): Continuation {
  if (span === undefined) return "no-span";
  const { traceId, traceFlags } = span.spanContext();
  if (traceId !== arrived.traceId) {
    const linked = span.links?.some(({ context }) => context.traceId === arrived.traceId) === true;
    return linked ? "linked" : "restarted";
  }
  const { parentSpanContext } = span;
  if (parentSpanContext !== undefined && parentSpanContext.spanId !== arrived.parentId) return "reparented";
  if (isSampled(arrived) === ((traceFlags & SAMPLED) !== 0)) return "continued";
  return isSampled(arrived) ? "unsampled" : "sampled";
}
