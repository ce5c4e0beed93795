/** Which fields belong to one connection and stay behind. Pure. Source: RFC 9110, section 7.6.1. */
import type { FieldLines } from "@tracemend/context";
import { fieldValues, isField } from "@tracemend/context";

/**
 * What a caller must not have removed by nominating it in `Connection`: other formats of the trace, the message's own
 * frame, who sent it. Of `traceparent` and `tracestate` the boundary's policy decides; its edits put them back.
 */
const KEPT = new Set(
  (
    "baggage traceresponse b3 x-b3-traceid x-b3-spanid x-b3-parentspanid x-b3-sampled x-b3-flags " +
    "uber-trace-id x-amzn-trace-id x-cloud-trace-context x-datadog-trace-id x-datadog-parent-id " +
    "x-datadog-sampling-priority x-datadog-origin x-datadog-tags sw8 sw8-correlation sw8-x grpc-trace-bin sentry-trace " +
    "x-instana-t x-instana-s x-instana-l ot-tracer-traceid ot-tracer-spanid ot-tracer-sampled request-id x-request-id " +
    "correlation-context host content-length content-type authorization cookie forwarded x-forwarded-for " +
    "x-forwarded-host x-forwarded-proto x-forwarded-port x-real-ip"
  ).split(" "),
);

/**
 * The lines without what was meant for this connection alone; the same array where there is nothing to take out.
 * `te: trailers` stays: an engine whose next hop is HTTP/1.1 drops it. `carrier`: one more field that is never removed.
 */
export function endToEnd(lines: FieldLines, carrier?: string): FieldLines {
  let at = 0;
  while (at + 1 < lines.length && !staysBehind(lines[at] as string, lines[at + 1] as string)) at += 2;
  if (at + 1 >= lines.length) return lines;
  const nominated = nominations(lines, carrier);
  const kept = nominated === undefined ? lines.slice(0, at) : [];
  for (at = nominated === undefined ? at : 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    const value = lines[at + 1] as string;
    if (staysBehind(name, value) || nominated?.has(name.toLowerCase()) === true) continue;
    kept.push(name, value);
  }
  return kept;
}

function staysBehind(name: string, value: string): boolean {
  switch (name.length) {
    case 2:
      return isField(name, "te") && value.trim().toLowerCase() !== "trailers";
    case 6:
      return isField(name, "expect");
    case 7:
      return isField(name, "upgrade");
    case 10:
      return isField(name, "connection") || isField(name, "keep-alive");
    case 14:
      return isField(name, "http2-settings");
    case 16:
      return isField(name, "proxy-connection");
    case 17:
      return isField(name, "transfer-encoding");
    default:
      return false;
  }
}

/** The fields that `Connection` names beyond those that stay behind anyway; undefined where there are none. */
function nominations(lines: FieldLines, carrier: string | undefined): Set<string> | undefined {
  let found: Set<string> | undefined;
  for (const value of fieldValues(lines, "connection")) {
    if (value === "close" || value === "keep-alive") continue;
    for (const token of value.split(",")) {
      const name = token.trim().toLowerCase();
      if (name === "" || name === "te" || KEPT.has(name) || name === carrier) continue;
      found ??= new Set();
      found.add(name);
    }
  }
  return found;
}
