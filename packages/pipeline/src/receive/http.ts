/** OTLP/HTTP in: POST of protobuf bodies, one path for each signal. */
import { createServer } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import {
  encodeExportResponse,
  encodeStatus,
  formatContentType,
  formatRetryAfter,
  parseContentType,
  readBatch,
  signalOfHttpPath,
} from "@tracemend/otlp";
import type { Encoding, Signal } from "@tracemend/otlp";
import { createDeadline } from "../clock.ts";
import { accepted, refused } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import { inflate, readBody } from "./body.ts";
import type { BodyReading, Compression } from "./body.ts";
import type { Lease } from "./budget.ts";
import { createConnections } from "./connections.ts";
import { closeServer, defineReceiver, listen, overloadedRetryMs } from "./receiver.ts";
import type { Receiver, ReceiverOptions, ReceiverSettings } from "./receiver.ts";

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
  if (signal === undefined) return reply.fail(404, code.unimplemented, "no such path");
  if (request.method !== "POST") return reply.fail(405, code.unimplemented, "only POST", { allow: "POST" });
  if (type !== "protobuf") {
    return reply.fail(415, code.invalidArgument, `the content type must be ${formatContentType("protobuf")}`);
  }
  const compression = compressionOf(request.headers["content-encoding"]);
  if (compression === undefined) {
    const message = `the content encoding must be one of ${acceptEncoding}`;
    return reply.fail(415, code.invalidArgument, message, { "accept-encoding": acceptEncoding });
  }

  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const deadline = createDeadline(settings.clock, settings.requestTimeoutMs, gone.signal);
  const lease = settings.budget.lease();
  try {
    const reading = await readRequest(request, compression, settings.maxRequestBytes, lease, deadline.signal);
    if (reading.kind === "body") answer(reply, await hand(signal, reading.bytes, sink, gone.signal));
    else if (!response.destroyed) rejectBody(reply, reading, settings);
  } finally {
    deadline.clear();
    lease.end();
  }
}

const code = { invalidArgument: 3, deadlineExceeded: 4, resourceExhausted: 8, unimplemented: 12, unavailable: 14 };

const acceptEncoding = "gzip, zstd";

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

async function hand(signal: Signal, body: Uint8Array, sink: Sink, gone: AbortSignal): Promise<Outcome> {
  const reading = readBatch(signal, body);
  if (reading.kind === "malformed") {
    const { defect } = reading;
    return refused(`${defect.code} at byte ${defect.offset}: ${defect.message}`);
  }
  // OTLP 1.11: a request with nothing in it succeeds.
  return reading.batch.bytes === 0 ? accepted : sink.accept(reading.batch, gone);
}

function answer(reply: Reply, outcome: Outcome): void {
  switch (outcome.kind) {
    case "accepted":
      return reply.succeed(encodeExportResponse());
    case "partial":
      return reply.succeed(encodeExportResponse(outcome));
    case "busy":
      return reply.fail(503, code.unavailable, "busy", { "retry-after": formatRetryAfter(outcome.retryAfterMs) });
    case "refused":
      return reply.fail(400, code.invalidArgument, outcome.message);
  }
}

function rejectBody(reply: Reply, reading: Exclude<BodyReading, { kind: "body" }>, settings: ReceiverSettings): void {
  switch (reading.kind) {
    case "too-large":
      return reply.fail(413, code.resourceExhausted, `a request has at most ${settings.maxRequestBytes} bytes`);
    case "busy":
      return reply.fail(503, code.unavailable, "too many requests at once", {
        "retry-after": formatRetryAfter(overloadedRetryMs),
      });
    case "malformed":
      return reply.fail(400, code.invalidArgument, reading.message);
    case "slow":
      return reply.fail(408, code.deadlineExceeded, `the request took longer than ${settings.requestTimeoutMs} ms`, {
        connection: "close",
      });
    case "gone":
  }
}

interface Reply {
  succeed(body: Uint8Array): void;
  /** With a google.rpc.Status as body, in the encoding of the request. */
  fail(status: number, code: number, message: string, headers?: OutgoingHttpHeaders): void;
}

function defineReply(response: ServerResponse, encoding: Encoding): Reply {
  const send = (status: number, headers: OutgoingHttpHeaders, body: Uint8Array | string): void => {
    if (response.destroyed) return;
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
    response.writeHead(status, { "content-type": formatContentType(encoding), "content-length": length, ...headers });
    response.end(body);
  };
  return {
    succeed: (body) => send(200, {}, body),
    fail(status, code, message, headers = {}) {
      send(status, headers, encoding === "json" ? JSON.stringify({ code, message }) : encodeStatus({ code, message }));
    },
  };
}
