/** Zipkin JSON, version 2, and version 1 where the kind is told by annotations; times in microseconds. */
import type { Json } from "./json.ts";
import { kindOf, listOf, numberOf, objectOf, textOf } from "./json.ts";
import type { FoundSpan, Kind } from "./recording.ts";

/** Version 1 shares one id between both sides of a call: the annotations of each side make a span of their own. */
const SIDES: readonly { readonly kind: Kind; readonly from: string; readonly to: string }[] = [
  { kind: "client", from: "cs", to: "cr" },
  { kind: "server", from: "sr", to: "ss" },
];

export function isZipkinSpan(value: Json): boolean {
  return typeof value["traceId"] === "string" && typeof value["id"] === "string" && !("resource" in value);
}

/** Throws an `Error` that says what is wrong. A span without times is passed over: Zipkin keeps such parts. */
export function readZipkinSpans(spans: readonly Json[]): readonly FoundSpan[] {
  const found: FoundSpan[] = [];
  for (const span of spans) {
    const id = textOf(span["id"]);
    if (id === "" || textOf(span["traceId"]) === "") throw new Error("a span has no traceId or no id");
    if (Array.isArray(span["annotations"]) && "binaryAnnotations" in span) found.push(...sidesOf(span));
    else {
      const startMs = numberOf(span["timestamp"]) / 1000;
      const endMs = startMs + numberOf(span["duration"] ?? 0) / 1000;
      if (!Number.isFinite(endMs)) continue;
      const service = textOf(objectOf(span["localEndpoint"])["serviceName"]);
      if (service === "") throw new Error(`span ${id} has no localEndpoint.serviceName`);
      found.push({
        ...baseOf(span),
        spanId: id,
        service,
        instance: service,
        kind: kindOf(textOf(span["kind"])),
        startMs,
        endMs,
      });
    }
  }
  return found;
}

function sidesOf(span: Json): readonly FoundSpan[] {
  const annotations = listOf(span["annotations"]);
  const base = baseOf(span);
  const id = textOf(span["id"]);
  const at = (value: string): Json | undefined => annotations.find((one) => one["value"] === value);
  const sides: FoundSpan[] = [];
  for (const { kind, from, to } of SIDES) {
    const first = at(from);
    const last = at(to);
    if (first === undefined || last === undefined) continue;
    const service = textOf(objectOf(first["endpoint"])["serviceName"]);
    const shared = sides.length > 0;
    sides.push({
      ...base,
      spanId: shared ? `${id}/${kind}` : id,
      parentId: shared ? id : base.parentId,
      service,
      instance: service,
      kind,
      startMs: numberOf(first["timestamp"]) / 1000,
      endMs: numberOf(last["timestamp"]) / 1000,
    });
  }
  return sides;
}

function baseOf(span: Json): { readonly traceId: string; readonly parentId: string; readonly name: string } {
  const id = textOf(span["id"]);
  const parentId = textOf(span["parentId"]);
  return { traceId: textOf(span["traceId"]), parentId: parentId === id ? "" : parentId, name: textOf(span["name"]) };
}
