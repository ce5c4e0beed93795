/** OTLP/gRPC in: Export of every signal on raw HTTP/2, with and without TLS. */
import { constants, createSecureServer, createServer } from "node:http2";
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import {
  encodeExportResponse,
  encodeStatus,
  formatGrpcMessage,
  grpcPrefix,
  readBatch,
  readGrpcMessage,
  signalOfGrpcPath,
} from "@tracemend/otlp";
import type { Status } from "@tracemend/otlp";
import { createDeadline } from "../clock.ts";
import type { Sink } from "../stage.ts";
import { answerUnread, failure, hand, lend, statusCode, unauthenticated } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { inflate, readBody } from "./body.ts";
import type { BodyReading, Compression } from "./body.ts";
import type { Lease } from "./budget.ts";
import { createConnections } from "./connections.ts";
import { misdirected, receptionOf } from "./reception.ts";
import { closeServer, defineReceiver, listen } from "./receiver.ts";
import type { Receiver, ReceiverOptions, ReceiverSettings } from "./receiver.ts";

const acceptEncoding = "identity,gzip,zstd";
const prefixBytes = 5;
/** gRPC calls do not say how long they will be. */
const usualBytes = 1024 * 1024;

/** Rejects when the address cannot be had; throws a TypeError that names a wrong option. */
export async function createGrpcReceiver(options: ReceiverOptions, sink: Sink): Promise<Receiver> {
  const settings = defineReceiver(options);
  const sessions = new Set<ServerHttp2Session>();
  const http2 = { settings: { maxConcurrentStreams: 256, initialWindowSize: 1024 * 1024 } };
  const server =
    settings.tls === undefined
      ? createServer(http2)
      : createSecureServer({ ...http2, ...settings.tls, requestCert: settings.tls.ca !== undefined });
  const connections = createConnections(server);
  server.on("session", (session: ServerHttp2Session) => {
    sessions.add(session);
    const end = connections.begin(session.socket);
    session.on("close", () => {
      sessions.delete(session);
      end();
    });
    session.on("error", (error: Error) => {
      if (/bad client magic/i.test(error.message))
        settings.ended(misdirected("HTTP/1.1, as OTLP/HTTP has it, came to the port of OTLP/gRPC"));
    });
    // The connection's window starts at 65 535 bytes, whatever the streams' windows are (RFC 9113 §6.9.2).
    session.setLocalWindowSize(4 * 1024 * 1024);
  });
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => {});
    void serve(stream, headers, settings, sink);
  });
  const address = await listen(server, settings);
  return {
    address,
    async close(signal) {
      for (const session of sessions) session.close();
      await closeServer(server, connections, signal);
    },
  };
}

async function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  settings: ReceiverSettings,
  sink: Sink,
): Promise<void> {
  const reply = (told: Answer, more?: OutgoingHttpHeaders): void => {
    settings.ended(receptionOf(told));
    answer(stream, told, more);
  };
  const unsupported = (message: string): Answer => failure(404, statusCode.unimplemented, message);
  if (headers[":method"] !== "POST" || !isGrpc(headers["content-type"])) {
    settings.ended(receptionOf(unsupported("no gRPC call")));
    const isPost = headers[":method"] === "POST";
    const { HTTP_STATUS_METHOD_NOT_ALLOWED, HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE } = constants;
    return rejectHttp(stream, isPost ? HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE : HTTP_STATUS_METHOD_NOT_ALLOWED);
  }
  if (!settings.admits(headers.authorization)) return reply(unauthenticated);
  const path = headers[":path"] ?? "";
  const signal = signalOfGrpcPath(path);
  if (signal === undefined) return reply(unsupported(`unknown method ${path}`));
  const encoding = headers["grpc-encoding"] ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip" && encoding !== "zstd") {
    const message = `grpc-encoding ${String(encoding)} is not supported`;
    return reply(unsupported(message), { "grpc-accept-encoding": acceptEncoding });
  }

  const gone = new AbortController();
  stream.on("close", () => {
    if (!stream.headersSent) gone.abort();
  });
  const deadline = createDeadline(settings.clock, settings.requestTimeoutMs, gone.signal);
  const lease = settings.budget.lease();
  try {
    const reading = await readMessage(stream, encoding, settings.maxRequestBytes, lease, deadline.signal);
    if (reading.kind === "body")
      reply(await hand(readBatch(signal, lend(reading.bytes, sink)), reading, sink, gone.signal));
    else if (reading.kind !== "gone") reply(answerUnread(reading, settings.maxRequestBytes, settings));
  } catch {
    reply(failure(500, statusCode.internal, "internal error"));
  } finally {
    deadline.clear();
    lease.end();
  }
}

/** `content-type` of gRPC with protobuf messages; a `+proto` may be left out. */
function isGrpc(type: string | undefined): boolean {
  return type === "application/grpc" || type === "application/grpc+proto";
}

async function readMessage(
  stream: ServerHttp2Stream,
  encoding: "identity" | Compression,
  maxBytes: number,
  lease: Lease,
  signal: AbortSignal,
): Promise<BodyReading> {
  const body = await readBody(stream, usualBytes, maxBytes + prefixBytes, lease, signal);
  if (body.kind !== "body") return body;
  const reading = readGrpcMessage(body.bytes);
  if (reading.kind === "malformed") return reading;
  const message = { ...body, bytes: reading.message };
  if (!reading.compressed) return message;
  if (encoding === "identity") return { kind: "malformed", message: "a compressed message without grpc-encoding" };
  return inflate(message, encoding, maxBytes, lease, signal);
}

function answer(stream: ServerHttp2Stream, answer: Answer, more?: OutgoingHttpHeaders): void {
  if (answer.kind === "failure") return fail(stream, answer.status, more);
  if (isAnswered(stream)) return;
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  const response = encodeExportResponse(answer.partial);
  stream.write(grpcPrefix(response.byteLength));
  stream.end(response);
}

function isAnswered(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.headersSent;
}

/** Answers with a status alone, and lets go of whatever part of the request is still on its way. */
function fail(stream: ServerHttp2Stream, status: Status, more: OutgoingHttpHeaders = {}): void {
  if (isAnswered(stream)) return;
  const details =
    status.retryAfterMs === undefined ? {} : { "grpc-status-details-bin": toBinaryHeader(encodeStatus(status)) };
  const head = {
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-status": String(status.code),
    "grpc-message": formatGrpcMessage(status.message),
    ...details,
    ...more,
  };
  stream.respond(head, { endStream: true });
  letGo(stream);
}

/** The gRPC specification has -bin headers in base64 without padding. */
function toBinaryHeader(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}

function rejectHttp(stream: ServerHttp2Stream, status: number): void {
  stream.respond({ ":status": status }, { endStream: true });
  letGo(stream);
}

/** NO_ERROR after a complete answer: the rest of the request is not wanted (RFC 9113 §8.1). */
function letGo(stream: ServerHttp2Stream): void {
  if (stream.readableEnded) return;
  // nghttp2 sends RST_STREAM ahead of headers still in its queue, and that queue is flushed at the end of this turn.
  setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
}
