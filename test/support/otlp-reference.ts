/** OTLP messages as an independent decoder sees them: the generated code of OpenTelemetry's own transformer. */
import { createRequire } from "node:module";
import type { Signal } from "@tracemend/otlp";

/** A decoded message as plain data: bytes as base64, 64-bit integers as decimal strings. */
export type Plain = { readonly [field: string]: unknown };

interface MessageType {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  toObject(message: object, options: object): Plain;
}

type Namespace = { readonly [name: string]: Namespace & MessageType };

const root = createRequire(import.meta.url)("otlp-ref/build/src/generated/root.js") as Namespace;

const collector = root["opentelemetry"]?.["proto"]?.["collector"];

const names: Readonly<Record<Exclude<Signal, "profiles">, readonly [folder: string, word: string]>> = {
  traces: ["trace", "Trace"],
  metrics: ["metrics", "Metrics"],
  logs: ["logs", "Logs"],
};

function messageType(signal: Signal, suffix: "ServiceRequest" | "ServiceResponse"): MessageType {
  if (signal === "profiles") throw new TypeError("the reference decoder knows no profiles");
  const [folder, word] = names[signal];
  const type = collector?.[folder]?.["v1"]?.[`Export${word}${suffix}`];
  if (type === undefined) throw new TypeError(`the reference decoder has no Export${word}${suffix}`);
  return type;
}

/** Throws when the bytes are not a request of that signal. */
export function decodeRequest(signal: Signal, bytes: Uint8Array): Plain {
  const type = messageType(signal, "ServiceRequest");
  return type.toObject(type.decode(bytes), { longs: String, bytes: String });
}

export function encodeRequest(signal: Signal, message: object): Uint8Array {
  return messageType(signal, "ServiceRequest").encode(message).finish();
}

export function decodeResponse(signal: Signal, bytes: Uint8Array): Plain {
  const type = messageType(signal, "ServiceResponse");
  return type.toObject(type.decode(bytes), { longs: String, bytes: String });
}

const rejectedField: Readonly<Record<Signal, string>> = {
  traces: "rejectedSpans",
  metrics: "rejectedDataPoints",
  logs: "rejectedLogRecords",
  profiles: "rejectedProfiles",
};

/** An Export…ServiceResponse with a partial_success. */
export function encodePartial(signal: Signal, rejected: number, errorMessage: string): Uint8Array {
  return messageType(signal, "ServiceResponse")
    .encode({ partialSuccess: { [rejectedField[signal]]: rejected, errorMessage } })
    .finish();
}

/** Spans, data points or log records of a decoded request. */
export function countItems(signal: Signal, request: Plain): number {
  const list = (value: unknown, field: string): readonly Plain[] => ((value as Plain)[field] ?? []) as readonly Plain[];
  if (signal === "metrics") {
    const metrics = list(request, "resourceMetrics")
      .flatMap((r) => list(r, "scopeMetrics"))
      .flatMap((s) => list(s, "metrics"));
    const holders = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"];
    const points = (metric: Plain, holder: string): number =>
      metric[holder] === undefined ? 0 : list(metric[holder], "dataPoints").length;
    return sum(metrics.flatMap((metric) => holders.map((holder) => points(metric, holder))));
  }
  const [resources, scopes, records] =
    signal === "traces" ? ["resourceSpans", "scopeSpans", "spans"] : ["resourceLogs", "scopeLogs", "logRecords"];
  const each = list(request, resources).flatMap((r) => list(r, scopes));
  return sum(each.map((s) => list(s, records).length));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
