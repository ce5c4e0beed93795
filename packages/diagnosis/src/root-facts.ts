/** What a root span says about the request that began it: the joins that need no guessing. */
import type { SpanView } from "@tracemend/otlp";
import { textAttribute } from "./legit-root.ts";

/** The caller's port by the conventions of three generations of instrumentation; 0 where none is given. */
export function peerPortOf(span: SpanView): number {
  return (
    portAttribute(span, "network.peer.port") ||
    portAttribute(span, "net.sock.peer.port") ||
    portAttribute(span, "net.peer.port")
  );
}

/** Where instrumentation and service meshes leave the request id they saw. */
const REQUEST_ID_KEYS: readonly string[] = [
  "http.request.header.x-request-id",
  "http.request.header.x_request_id",
  "guid:x-request-id",
  "request_id",
  "request.id",
];

export function requestIdOf(span: SpanView): string | undefined {
  for (const key of REQUEST_ID_KEYS) {
    const value = textAttribute(span, key);
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

function portAttribute(span: SpanView, key: string): number {
  const value = span.attribute(key);
  const port = typeof value === "string" ? Number(value) : value;
  return typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0;
}
