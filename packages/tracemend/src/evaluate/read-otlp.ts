/** OTLP JSON, also in the older snake_case spelling; times in nanoseconds. */
import type { Json } from "./json.ts";
import { kindOf, listOf, objectOf, textOf } from "./json.ts";
import type { FoundSpan, Kind } from "./recording.ts";

const KINDS: readonly (Kind | undefined)[] = [undefined, "internal", "server", "client", "producer", "consumer"];

export function isOtlpTraces(value: Json): boolean {
  return Array.isArray(value["resourceSpans"]) || Array.isArray(value["resource_spans"]);
}

/** Throws an `Error` that says what is wrong. */
export function readOtlpTraces(traces: Json): readonly FoundSpan[] {
  const found: FoundSpan[] = [];
  for (const group of listOf(traces["resourceSpans"] ?? traces["resource_spans"])) {
    const resource = objectOf(group["resource"]);
    const service = attributeOf(resource, "service.name");
    const host = attributeOf(resource, "service.instance.id") || attributeOf(resource, "host.name");
    const instance = `${service} ${host}`.trimEnd();
    for (const scope of listOf(group["scopeSpans"] ?? group["scope_spans"])) {
      for (const span of listOf(scope["spans"])) found.push(spanOf(span, service, instance));
    }
  }
  return found;
}

function spanOf(span: Json, service: string, instance: string): FoundSpan {
  const spanId = textOf(span["spanId"] ?? span["span_id"]);
  if (service === "") throw new Error(`span ${spanId} has no service.name`);
  if (spanId === "") throw new Error("a span has no spanId");
  const kind = span["kind"];
  return {
    traceId: textOf(span["traceId"] ?? span["trace_id"]),
    spanId,
    parentId: textOf(span["parentSpanId"] ?? span["parent_span_id"]),
    service,
    instance,
    kind: typeof kind === "number" ? KINDS[kind] : kindOf(textOf(kind)),
    name: textOf(span["name"]),
    startMs: toMs(span["startTimeUnixNano"] ?? span["start_time_unix_nano"], spanId),
    endMs: toMs(span["endTimeUnixNano"] ?? span["end_time_unix_nano"], spanId),
  };
}

function toMs(value: unknown, spanId: string): number {
  const text = textOf(value);
  if (!/^\d{7,}$/.test(text)) throw new Error(`span ${spanId} has no time in nanoseconds`);
  return Number(BigInt(text) / 1000n) / 1000;
}

function attributeOf(resource: Json, key: string): string {
  const attribute = listOf(resource["attributes"]).find((one) => one["key"] === key);
  const value = objectOf(attribute?.["value"]);
  return textOf(value["stringValue"] ?? value["string_value"]);
}
