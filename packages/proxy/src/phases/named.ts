/** What an answer says of the trace toward the caller: our word for it, or the upstream's. */
import type { AnswerField, FieldLines } from "@tracemend/context";
import { SAMPLED, applyEdits, fieldValues, formatTraceresponse } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";

type Route = NonNullable<Exchange["route"]>;

/** The lines of an answer as the route changes them, and as it names our span. */
export function answerLines(exchange: Exchange, lines: FieldLines): FieldLines {
  const { route } = exchange;
  return route === undefined ? lines : nameSpan(exchange, route, applyEdits(lines, route.answerEdits));
}

/**
 * The lines with our SERVER span in the fields that the route asks for, in place of a span that the upstream named. Where
 * none of ours is exported the upstream's word stands. Source: Trace Context Level 2, section 4.
 */
function nameSpan(exchange: Exchange, { traceresponse: fields }: Route, lines: FieldLines): FieldLines {
  if (fields === undefined) return lines;
  const value = servedBy(exchange);
  return value === undefined
    ? lines
    : applyEdits(
        lines,
        fields.map((field) => editOf(field, value, lines)),
      );
}

function servedBy({ grant, crossed }: Exchange): string | undefined {
  if (grant === undefined || crossed === undefined) return undefined;
  const { context, from } = crossed.verdict;
  // Where the context is stripped on the way out the spans still belong to the trace that came in.
  const { traceId, flags } = context ?? from ?? { traceId: grant.spans.traceId, flags: SAMPLED };
  return formatTraceresponse({ traceId, spanId: grant.spans.serverSpanId, flags });
}

function editOf(field: AnswerField, value: string, lines: FieldLines): { name: AnswerField; value: string } {
  if (field === "traceresponse") return { name: field, value };
  const metrics = fieldValues(lines, field).flatMap(splitMetrics).filter(isAboutElse);
  return { name: field, value: [...metrics, `traceparent;desc="${value}"`].join(", ") };
}

/** By the commas outside of quotes. Source: Server Timing, section 3. */
function splitMetrics(list: string): readonly string[] {
  return (list.match(/(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g) ?? []).map((metric) => metric.trim());
}

/** Two different contexts beside each other would be none to a reader. */
function isAboutElse(metric: string): boolean {
  const name = metric.split(";", 1)[0]?.trim().toLowerCase();
  return name !== "" && name !== "trace" && name !== "traceparent";
}
