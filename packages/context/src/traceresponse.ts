/** The trace context an answer carries: `traceresponse`, or a metric of `Server-Timing`. Source: Trace Context, section 4. */
import type { FieldLines } from "./field-lines.ts";
import { fieldValues, findField, trimBlanks } from "./field-lines.ts";
import { formatByte } from "./hex.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";
import { TRACEPARENT_LENGTH, contextIn, findDefect } from "./traceparent.ts";

export interface TraceResponse {
  readonly traceId: string;
  /** The span that served the request: a child of the parent that was sent, or the root of a trace of its own. */
  readonly spanId: string;
  readonly flags: number;
}

/** Longest list of metrics that is searched. */
const MAX_METRICS_LENGTH = 8192;

/** Undefined where the answer names no context, or two that differ. Never throws, whatever the bytes. */
export function readTraceresponse(lines: FieldLines): TraceResponse | undefined {
  const own = hasField(lines, "traceresponse") ? single(fieldValues(lines, "traceresponse")) : undefined;
  if (own !== undefined || !hasField(lines, "server-timing")) return own;
  return single(descriptions(fieldValues(lines, "server-timing")));
}

/** Reads one value; a version above 00 by its first 55 characters. */
export function parseTraceresponse(value: string): TraceResponse | undefined {
  const text = trimBlanks(value);
  if (findDefect(text) !== undefined) return undefined;
  const { traceId, parentId, flags } = contextIn(text.slice(0, TRACEPARENT_LENGTH), "");
  return { traceId, spanId: parentId, flags };
}

/** The value of `traceresponse`, and of the description of a `trace` metric. Reserved flag bits leave as zero. */
export function formatTraceresponse(response: TraceResponse): string {
  return `00-${response.traceId}-${response.spanId}-${formatByte(response.flags & KNOWN_FLAGS)}`;
}

function hasField(lines: FieldLines, name: string): boolean {
  return findField(lines, name) >= 0;
}

function single(values: readonly string[]): TraceResponse | undefined {
  const [first] = values;
  if (first === undefined || values.some((value) => trimBlanks(value) !== trimBlanks(first))) return undefined;
  return parseTraceresponse(first);
}

/** The descriptions of `trace` (the specification's name) and `traceparent` (what agents of the field send). */
function descriptions(values: readonly string[]): readonly string[] {
  const list = values.join(",");
  if (list.length > MAX_METRICS_LENGTH) return [];
  return list.split(",").flatMap((metric) => {
    const [name = "", ...parameters] = metric.split(";").map(trimBlanks);
    if (!["trace", "traceparent"].includes(name.toLowerCase())) return [];
    const description = parameters.find((parameter) => parameter.toLowerCase().startsWith("desc="));
    return description === undefined ? [] : [unquoted(description.slice("desc=".length))];
  });
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
