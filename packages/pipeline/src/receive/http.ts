/** OTLP/HTTP in: POST of protobuf bodies, one path for each signal. */
import { createServer } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { encodeStatus, formatContentType, formatRetryAfter, parseContentType, signalOfHttpPath } from "@tracemend/otlp";
import type { Encoding } from "@tracemend/otlp";
import { createDeadline } from "../clock.ts";
import type { Sink } from "../stage.ts";
import { answerUnread, failure, hand, statusCode } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { inflate, readBody } from "./body.ts";
import type { BodyReading, Compression } from "./body.ts";
import type { Lease } from "./budget.ts";
import { createConnections } from "./connections.ts";
import { closeServer, defineReceiver, listen } from "./receiver.ts";
import type { Receiver, ReceiverOptions, ReceiverSettings } from "./receiver.ts";

const acceptEncoding = "gzip, zstd";

/** Rejects when the address cannot be had; throws a TypeError that names a wrong option. */
export async function createHttpReceiver(options: ReceiverOptions, sink: Sink): Promise<Receiver> {
  const settings = defineReceiver(options);
  const http = {
    // The deadline of a body is kept per request; these catch what never becomes a request, or never ends.
    headersTimeout: settings.requestTimeoutMs,
    requestTimeout: settings.requestTimeoutMs + 5_000,
    keepAliveTimeout: 65_000,
  };
  const server: Server =
    settings.tls === undefined
      ? createServer(http)
      : createSecureServer({ ...http, ...settings.tls, requestCert: settings.tls.ca !== undefined });
  const connections = createConnections(server);
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    response.on("close", connections.begin(request.socket));
    void serve(request, response, settings, sink);
  });
  const address = await listen(server, settings);
  return { address, close: (signal) => closeServer(server, connections, signal) };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  settings: ReceiverSettings,
  sink: Sink,
): Promise<void> {
  const type = parseContentType(request.headers["content-type"]);
  const reply = defineReply(response, type ?? "protobuf");
  const signal = signalOfHttpPath(pathOf(request.url ?? ""));
  if (signal === undefined) return reply(failure(404, statusCode.unimplemented, "no such path"));
  if (request.method !== "POST") return reply(failure(405, statusCode.unimplemented, "only POST"), { allow: "POST" });
  if (type !== "protobuf") {
    const message = `the content type must be ${formatContentType("protobuf")}`;
    return reply(failure(415, statusCode.invalidArgument, message));
  }
  const compression = compressionOf(request.headers["content-encoding"]);
  if (compression === undefined) {
    const message = `the content encoding must be one of ${acceptEncoding}`;
    return reply(failure(415, statusCode.invalidArgument, message), { "accept-encoding": acceptEncoding });
  }

  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const deadline = createDeadline(settings.clock, settings.requestTimeoutMs, gone.signal);
  const lease = settings.budget.lease();
  try {
    const reading = await readRequest(request, compression, settings.maxRequestBytes, lease, deadline.signal);
    if (reading.kind === "body") reply(await hand(signal, reading.bytes, sink, gone.signal));
    // The rest of a slow body would be read as the next request.
    else if (reading.kind === "slow") reply(answerUnread(reading, settings), { connection: "close" });
    else if (reading.kind !== "gone") reply(answerUnread(reading, settings));
  } catch {
    reply(failure(500, statusCode.internal, "internal error"));
  } finally {
    deadline.clear();
    lease.end();
  }
}

function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

function compressionOf(encoding: string | undefined): Compression | "identity" | undefined {
  switch (encoding?.trim().toLowerCase() ?? "") {
    case "":
    case "identity":
      return "identity";
    case "gzip":
      return "gzip";
    case "zstd":
      return "zstd";
    default:
      return undefined;
  }
}

async function readRequest(
  request: IncomingMessage,
  compression: Compression | "identity",
  maxBytes: number,
  lease: Lease,
  signal: AbortSignal,
): Promise<BodyReading> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return { kind: "too-large" };
  const body = await readBody(request, maxBytes, lease, signal);
  if (body.kind !== "body" || compression === "identity") return body;
  return inflate(body.bytes, compression, maxBytes, lease, signal);
}

/** Sends an answer; a failure as google.rpc.Status, in the encoding of the request. */
type Reply = (answer: Answer, headers?: OutgoingHttpHeaders) => void;

function defineReply(response: ServerResponse, encoding: Encoding): Reply {
  const send = (status: number, headers: OutgoingHttpHeaders, body: Uint8Array | string): void => {
    if (response.destroyed || response.headersSent) return;
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
    response.writeHead(status, { "content-type": formatContentType(encoding), "content-length": length, ...headers });
    response.end(body);
  };
  return (answer, headers = {}) => {
    if (answer.kind === "response") return send(200, headers, answer.response);
    const { code, message, retryAfterMs } = answer.status;
    const wait = retryAfterMs === undefined ? {} : { "retry-after": formatRetryAfter(retryAfterMs) };
    const body = encoding === "json" ? JSON.stringify({ code, message }) : encodeStatus(answer.status);
    send(answer.httpStatus, { ...wait, ...headers }, body);
  };
}
