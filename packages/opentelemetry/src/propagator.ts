/** The boundary's verdicts as an OpenTelemetry `TextMapPropagator`. */
import type { Context, SpanContext, TextMapGetter, TextMapPropagator } from "@opentelemetry/api";
import { createContextKey, trace } from "@opentelemetry/api";
import type { Boundary, FieldLines, Passage } from "@tracemend/context";
import { FORMATS, createPassage, judge, read, rulingOf } from "@tracemend/context";
import { arrivedIn, putArrived } from "./arrived.ts";
import { editsFor } from "./leaving.ts";
import { toSpanContext } from "./span-context.ts";

export interface PropagatorOptions {
  /** How what comes in is read (trust, repairs, carrier, formats), and in which formats and fields a context leaves. */
  readonly boundary: Boundary;
  /** Told of every head that was read, whatever came of it. */
  readonly observe?: (passage: Passage) => void;
}

/** What the SDK sets while it exports: such calls carry no context. Keys of one description are one key. */
const SUPPRESSED = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

export function createPropagator({ boundary, observe }: PropagatorOptions): TextMapPropagator {
  const fields = fieldsOf(boundary);
  const wanted = [...fields, "connection"];
  return {
    fields: () => [...fields],
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
      for (const { name, value } of editsFor(active, sameTrace(context, active), boundary))
        if (value !== null) setter.set(bearer, name, value);
    },
  };
}

function fieldsOf({ policy }: Boundary): readonly string[] {
  const fields = ["traceparent", "tracestate"];
  if (policy.carrier !== undefined) fields.push(policy.carrier.field);
  if (policy.foreign !== undefined) for (const format of FORMATS.values()) fields.push(...format.fields);
  return [...new Set(fields)];
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

/** The ids the SDK will give are not known yet; none of these leaves. */
const SDK_SPANS = { traceId: "f".repeat(32), serverSpanId: "f".repeat(16), clientSpanId: "f".repeat(16) };

/** Where nothing goes on, the SDK begins a trace: the verdict says why, as it would with spans of our own. */
function readAt(boundary: Boundary, lines: FieldLines): Passage {
  const { policy, cluster } = boundary;
  const reading = read(lines, policy);
  const ruling = rulingOf(reading, policy, lines);
  const verdict = judge(reading, policy, cluster, undefined, ruling);
  const judged = { boundary, reading, verdict, spans: undefined, policy, ruling };
  if (verdict.reason !== "no-span") return createPassage(judged);
  const { action, reason } = judge(reading, policy, cluster, SDK_SPANS, ruling);
  return createPassage({ ...judged, verdict: { ...verdict, action, reason } });
}

function tell(observe: ((passage: Passage) => void) | undefined, passage: Passage): void {
  try {
    observe?.(passage);
  } catch {
    // A request is read while it is served: whoever watches has no say in it.
  }
}
