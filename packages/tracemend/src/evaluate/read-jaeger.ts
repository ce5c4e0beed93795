/** Jaeger JSON: one trace per object, times in microseconds. */
import type { Json } from "./json.ts";
import { kindOf, listOf, numberOf, objectOf, textOf } from "./json.ts";
import type { FoundSpan } from "./recording.ts";

export function isJaegerTrace(value: Json): boolean {
  return Array.isArray(value["spans"]) && typeof value["processes"] === "object";
}

/** Throws an `Error` that says what is wrong. */
export function readJaegerTrace(trace: Json): readonly FoundSpan[] {
  const processes = objectOf(trace["processes"]);
  return listOf(trace["spans"]).map((span) => {
    const process = objectOf(processes[textOf(span["processID"])]);
    const service = textOf(process["serviceName"]);
    const spanId = textOf(span["spanID"]);
    const startMs = numberOf(span["startTime"]) / 1000;
    const endMs = startMs + numberOf(span["duration"]) / 1000;
    if (service === "") throw new Error(`span ${spanId} has no process with a serviceName`);
    if (spanId === "") throw new Error("a span has no spanID");
    if (!Number.isFinite(endMs)) throw new Error(`span ${spanId} has no startTime or no duration`);
    const parent = listOf(span["references"]).find(({ refType }) => refType === "CHILD_OF");
    return {
      traceId: textOf(span["traceID"]),
      spanId,
      parentId: parent === undefined ? "" : textOf(parent["spanID"]),
      service,
      // One host may run several services.
      instance: `${service} ${tagOf(process, "hostname")}`.trimEnd(),
      kind: kindOf(tagOf(span, "span.kind")),
      name: textOf(span["operationName"]),
      startMs,
      endMs,
    };
  });
}

function tagOf(holder: Json, key: string): string {
  const tag = listOf(holder["tags"]).find((one) => one["key"] === key);
  return tag === undefined ? "" : textOf(tag["value"]);
}
