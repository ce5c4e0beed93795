/** OTLP/HTTP in: POST of protobuf and JSON bodies, one path for each signal. */
import { isUtf8 } from "node:buffer";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import {
  formatContentType,
  httpPath,
  parseContentType,
  readBatch,
  readJsonBatch,
  signalOfHttpPath,
} from "@tracemend/otlp";
import type { Encoding, JsonBatchReading, Signal } from "@tracemend/otlp";
import { createDeadline } from "../clock.ts";
import type { Sink } from "../stage.ts";
import { answerUnread, failure, hand, lend, statusCode, unauthenticated } from "./answer.ts";
import { inflate, readBody } from "./body.ts";
import type { BodyReading, Compression } from "./body.ts";
import type { Lease } from "./budget.ts";
import { createConnections } from "./connections.ts";
import type { Cors, CorsOptions } from "./cors.ts";
import { defineCors } from "./cors.ts";
import { closeServer, defineReceiver, listen } from "./receiver.ts";
import type { Receiver, ReceiverOptions, ReceiverSettings } from "./receiver.ts";
import { misdirected, receptionOf } from "./reception.ts";
import { defineReply } from "./reply.ts";
import type { Reply } from "./reply.ts";

const acceptEncoding = "gzip, zstd";

const knownPaths = (["traces", "metrics", "logs", "profiles"] as const).map(httpPath).join(", ");

/** A JSON body takes so many times its size, and so much longer, until it is protobuf. */
const jsonFactor = 8;

export interface HttpReceiverOptions extends ReceiverOptions {
  /** Pages in browsers that may send; left out, browsers let none. */
  readonly cors?: CorsOptions;
}

/** Rejects when the address cannot be had; throws a TypeError that names a wrong option. */
export async function createHttpReceiver(options: HttpReceiverOptions, sink: Sink): Promise<Receiver> {
  const settings = defineReceiver(options);
  const cors = options.cors === undefined ? undefined : defineCors(options.cors);
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
    if (cors !== undefined && letPages(cors, request, response)) return;
    void serve(request, response, settings, sink);
  });
  server.on("clientError", (error: ClientError, socket) => {
    if (error.rawPacket?.subarray(0, preface.length).equals(preface) === true)
      settings.ended(misdirected("HTTP/2, as gRPC has it, came to the port of OTLP/HTTP"));
    const status = clientErrors[error.code ?? ""] ?? "400 Bad Request";
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\n${closing}`, () => socket.destroy());
    else socket.destroy();
  });
  const address = await listen(server, settings);
  return { address, close: (signal) => closeServer(server, connections, signal) };
}

interface ClientError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/** What every HTTP/2 connection begins with (RFC 9113 §3.4), as far as an HTTP/1 parser is surely given it at once. */
const preface = Buffer.from("PRI * HTTP/2.0");
const closing = "connection: close\r\ncontent-length: 0\r\n\r\n";
const clientErrors: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Says what a browser wants to hear; true where that is the whole answer. Asked before sending, it shows no token yet. */
function letPages(cors: Cors, request: IncomingMessage, response: ServerResponse): boolean {
  const asked = cors.preflight(request);
  if (asked !== undefined) {
    response.writeHead(204, asked).end();
    return true;
  }
  for (const [name, value] of Object.entries(cors.headersFor(request))) response.setHeader(name, value);
  return false;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  settings: ReceiverSettings,
  sink: Sink,
): Promise<void> {
  const encoding = parseContentType(request.headers["content-type"]);
  const signal = signalOfHttpPath(pathOf(request.url ?? ""));
  const send = defineReply(response, signal ?? "traces", encoding ?? "protobuf");
  const reply: Reply = (answer, headers) => {
    settings.ended(receptionOf(answer));
    send(answer, headers);
  };
  if (!settings.admits(request.headers.authorization)) return reply(unauthenticated, { "www-authenticate": "Bearer" });
  if (signal === undefined)
    return reply(failure(404, statusCode.unimplemented, `no such path; there are ${knownPaths}`));
  if (request.method !== "POST") return reply(failure(405, statusCode.unimplemented, "only POST"), { allow: "POST" });
  if (encoding === undefined) {
    const message = `the content type must be ${formatContentType("protobuf")} or ${formatContentType("json")}`;
    return reply(failure(415, statusCode.invalidArgument, message));
  }
  const compression = compressionOf(request.headers["content-encoding"]);
  if (compression === undefined) {
    const message = `the content encoding must be one of ${acceptEncoding}`;
    return reply(failure(415, statusCode.invalidArgument, message), { "accept-encoding": acceptEncoding });
  }

  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  const deadline = createDeadline(settings.clock, settings.requestTimeoutMs, gone.signal);
  const lease = settings.budget.lease();
  const maxBytes = encoding === "json" ? Math.floor(settings.maxRequestBytes / jsonFactor) : settings.maxRequestBytes;
  try {
    const reading = await readRequest(request, compression, maxBytes, lease, deadline.signal);
    if (reading.kind === "body")
      reply(await hand(read(signal, encoding, lend(reading.bytes, sink)), reading, sink, gone.signal));
    // The rest of a slow body would be read as the next request.
    else if (reading.kind === "slow") reply(answerUnread(reading, maxBytes, settings), { connection: "close" });
    else if (reading.kind !== "gone") reply(answerUnread(reading, maxBytes, settings));
  } catch {
    reply(failure(500, statusCode.internal, "internal error"));
  } finally {
    deadline.clear();
    lease.end();
  }
}

function read(signal: Signal, encoding: Encoding, body: Uint8Array): JsonBatchReading {
  if (encoding === "protobuf") return readBatch(signal, body);
  if (isUtf8(body)) return readJsonBatch(signal, Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  return { kind: "malformed", defect: { code: "syntax", offset: 0, message: "JSON must be UTF-8" } };
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
  const expectedBytes = Number(request.headers["content-length"] ?? 0);
  if (expectedBytes > maxBytes) return { kind: "too-large" };
  const body = await readBody(request, expectedBytes, maxBytes, lease, signal);
  if (body.kind !== "body" || compression === "identity") return body;
  return inflate(body, compression, maxBytes, lease, signal);
}
