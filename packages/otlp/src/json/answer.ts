/** The answers to an OTLP/JSON request, which are JSON too. */

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
