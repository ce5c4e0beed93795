/** The record of one exchange that http-proxy-3 forwarded. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Crossing, CrossingFailure, Passage, Peer, Upstream } from "@tracemend/context";
import { crossingOf, fieldValue, readTraceresponse } from "@tracemend/context";

/** One exchange while it is in the gateway. */
export interface Passing {
  readonly passage: Passage;
  readonly startMs: number;
  /** The service behind. */
  readonly name: string;
  /** Known once it answers. */
  upstream: Upstream | undefined;
  /** The service's answer; undefined of the fetch engine, which does not show it. */
  answer: IncomingMessage | undefined;
}

export function crossingOfPassing(
  { passage, startMs, upstream, answer }: Passing,
  request: IncomingMessage,
  response: ServerResponse,
  endMs: number,
): Crossing {
  const { rawHeaders, httpVersion, method = "", url = "", socket } = request;
  return crossingOf(passage, {
    startMs,
    endMs,
    protocol: httpVersion === "2.0" ? "h2" : httpVersion === "1.0" ? "http/1.0" : "http/1.1",
    scheme: (socket as Partial<TLSSocket>).encrypted === true ? "https" : "http",
    method,
    target: url,
    authority: fieldValue(rawHeaders, ":authority") ?? fieldValue(rawHeaders, "host") ?? "",
    lines: rawHeaders,
    downstream: peerOf(request),
    upstream,
    status: response.headersSent ? response.statusCode : undefined,
    // http-proxy-3 drops trailers, and with them the status of gRPC.
    grpcStatus: undefined,
    failure: failureOf(response, answer),
    answer: answer === undefined ? undefined : readTraceresponse(answer.rawHeaders),
  });
}

/**
 * Where a service breaks its answer off, http-proxy-3 leaves the caller waiting until it goes; where the caller goes
 * first, the service's answer is still whole when this is asked.
 */
function failureOf(response: ServerResponse, answer: IncomingMessage | undefined): CrossingFailure | undefined {
  if (response.writableFinished) return undefined;
  if (answer !== undefined && answer.destroyed && !answer.complete) return { kind: "lost", side: "upstream" };
  return response.errored === null
    ? { kind: "client-gone", side: "downstream" }
    : { kind: "internal", side: "internal" };
}

function peerOf({ socket }: IncomingMessage): Peer | undefined {
  const { remoteAddress: address, remotePort: port } = socket;
  return address === undefined || port === undefined ? undefined : { address, port };
}
