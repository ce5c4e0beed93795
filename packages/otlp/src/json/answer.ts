/** The answers to an OTLP/JSON request, which are JSON too; some peers answer protobuf so as well. */

import type { Signal } from "../batch.ts";
import type { PartialSuccess } from "../export-response.ts";
import type { Status } from "../status.ts";

const rejectedNames: Readonly<Record<Signal, string>> = {
  traces: "rejectedSpans",
  metrics: "rejectedDataPoints",
  logs: "rejectedLogRecords",
  profiles: "rejectedProfiles",
};

/** Without `partial` the response of full success. */
export function formatJsonExportResponse(signal: Signal, partial?: PartialSuccess): string {
  if (partial === undefined || (partial.rejected === 0 && partial.message === "")) return "{}";
  const { rejected, message } = partial;
  return JSON.stringify({ partialSuccess: { [rejectedNames[signal]]: String(rejected), errorMessage: message } });
}

/** google.rpc.Status; a delay is told as google.rpc.RetryInfo. */
export function formatJsonStatus(status: Status): string {
  const { code, message, retryAfterMs } = status;
  if (retryAfterMs === undefined) return JSON.stringify({ code, message });
  const retryDelay = `${(retryAfterMs / 1000).toFixed(3)}s`;
  return JSON.stringify({
    code,
    message,
    details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay }],
  });
}

/** Undefined for a text that is no JSON object. A negative count is read as 0. */
export function parseJsonExportResponse(text: string): PartialSuccess | undefined {
  const response = parseObject(text);
  if (response === undefined) return undefined;
  const partial = asObject(response["partialSuccess"]) ?? {};
  const name = Object.values(rejectedNames).find((one) => Object.hasOwn(partial, one)) ?? "";
  const rejected = Number(partial[name] ?? 0);
  const message = partial["errorMessage"];
  return {
    rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
    message: typeof message === "string" ? message : "",
  };
}

/** What a JSON text has as its `message`, which is where google.rpc.Status has it. */
export function parseJsonMessage(text: string): string | undefined {
  const message = parseObject(text)?.["message"];
  return typeof message === "string" && message !== "" ? message : undefined;
}

type Plain = Readonly<Record<string, unknown>>;

function parseObject(text: string): Plain | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Plain | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Plain) : undefined;
}
