/** Between OpenTelemetry's span context and the kit's trace context. */
import type { SpanContext, TraceState } from "@opentelemetry/api";
import { context, trace } from "@opentelemetry/api";
import type { TraceContext } from "@tracemend/context";
import { dropMember, memberValue, putMemberFirst, readTracestate } from "@tracemend/context";

/** The context as the remote parent of the spans that follow. */
export function toSpanContext({ traceId, parentId, flags, tracestate }: TraceContext): SpanContext {
  const remote: SpanContext = { traceId, spanId: parentId, traceFlags: flags, isRemote: true };
  if (tracestate !== "") remote.traceState = traceStateOf(tracestate);
  return remote;
}

/** The context of which the span is the parent. */
export function fromSpanContext({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  return { traceId, parentId: spanId, flags: traceFlags, tracestate: traceState?.serialize() ?? "" };
}

/** The context of the span that is active; undefined where none is. For `current` of `@tracemend/outbound`. */
export function activeContext(): TraceContext | undefined {
  const active = trace.getSpanContext(context.active());
  return active !== undefined && trace.isSpanContextValid(active) ? fromSpanContext(active) : undefined;
}

/** The list as it came: the SDK's own cuts lists to 512 characters and takes the last of two members of one key. */
function traceStateOf(list: string): TraceState {
  return {
    get: (key) => memberValue(list, key),
    set: (key, value) =>
      readTracestate([`${key}=${value}`]).defects.length > 0
        ? traceStateOf(list)
        : traceStateOf(putMemberFirst(list, key, value)),
    unset: (key) => traceStateOf(dropMember(list, key)),
    serialize: () => list,
  };
}
