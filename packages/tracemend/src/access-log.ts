/** One line for each request: never a header, a query or a body. */
import type { Passed, PassedObserver } from "@tracemend/proxy";
import { formatEndpoint } from "@tracemend/proxy";

export type AccessLogFormat = "json" | "text";

/** Lines that are held back together; then one write for all. */
const FLUSH_LENGTH = 16_384;

/** `write` takes whole lines, at the latest at the end of the present turn of the event loop. */
export function createAccessLog(format: AccessLogFormat, write: (lines: string) => void): Required<PassedObserver> {
  const line = format === "json" ? jsonLine : textLine;
  let held = "";
  const flush = (): void => {
    const lines = held;
    held = "";
    if (lines !== "") write(lines);
  };
  const add = (passed: Passed): void => {
    if (held === "") setImmediate(flush);
    held += line(passed);
    if (held.length >= FLUSH_LENGTH) flush();
  };
  return { crossed: add, mirrored: add };
}

function jsonLine(passed: Passed): string {
  const { verdict, upstream, failure, startMs, endMs } = passed;
  return `${JSON.stringify({
    time: new Date(endMs).toISOString(),
    message: passed.mirrored === true ? "mirror" : "access",
    boundary: passed.boundary,
    route: passed.route,
    client: passed.downstream?.address,
    protocol: passed.protocol,
    method: passed.method,
    authority: passed.authority,
    path: passed.path,
    status: passed.status,
    grpc_status: passed.grpcStatus,
    duration_ms: round(endMs - startMs),
    request_bytes: passed.requestBytes,
    answer_bytes: passed.answerBytes,
    upstream: passed.service,
    endpoint: upstream === undefined ? undefined : formatEndpoint(upstream.address, upstream.port),
    tries: Math.max(passed.tries.length, 1),
    failure: failure?.kind,
    trace_id: verdict.context?.traceId,
    action: verdict.action,
    reason: verdict.reason,
  })}\n`;
}

/** Texts of a peer stand in quotes, with whatever could end them escaped. */
function textLine(passed: Passed): string {
  const { verdict, upstream, failure, startMs, endMs } = passed;
  const endpoint = upstream === undefined ? "-" : formatEndpoint(upstream.address, upstream.port);
  return (
    `${new Date(endMs).toISOString()} ${passed.boundary} ${passed.downstream?.address ?? "-"} ` +
    `${JSON.stringify(`${passed.method} ${passed.authority}${passed.path} ${passed.protocol}`)} ` +
    `${passed.status ?? "-"} ${passed.requestBytes} ${passed.answerBytes} ${round(endMs - startMs)}ms ${passed.service ?? "-"} ${endpoint} ` +
    `${verdict.context?.traceId ?? "-"} ${verdict.action} ${verdict.reason}${failure === undefined ? "" : ` ${failure.kind}`}` +
    `${passed.mirrored === true ? " mirror" : ""}\n`
  );
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
