/** A collector for tests: takes OTLP over gRPC and HTTP, records what it accepted, and answers as it is told. */
import { createServer as createHttp } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { createSecureServer, createServer as createHttp2, constants } from "node:http2";
import type {
  Http2SecureServer,
  Http2Server,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { Signal } from "@tracemend/otlp";
import { countItems, decodeRequest, encodePartial } from "./otlp-reference.ts";
import type { Plain } from "./otlp-reference.ts";

export type Answer =
  | { readonly kind: "accept" }
  | { readonly kind: "partial"; readonly rejected: number; readonly message: string }
  /** 503 and UNAVAILABLE; with a delay, Retry-After and RetryInfo as well. */
  | { readonly kind: "busy"; readonly retryAfterSeconds?: number }
  /** 429 and RESOURCE_EXHAUSTED; with a delay, Retry-After and RetryInfo as well. */
  | { readonly kind: "throttle"; readonly retryAfterSeconds?: number }
  /** 400 and INVALID_ARGUMENT. */
  | { readonly kind: "refuse"; readonly message: string }
  /** 413, and RESOURCE_EXHAUSTED without RetryInfo. */
  | { readonly kind: "too-large" }
  /** No answer. */
  | { readonly kind: "hang" }
  /** The connection or stream is cut. */
  | { readonly kind: "reset" }
  /** The HTTP status and body as they are; over gRPC an HTTP error without gRPC status. */
  | { readonly kind: "raw"; readonly status: number; readonly contentType: string; readonly body: string };

export interface Recorded {
  readonly protocol: "grpc" | "http";
  readonly signal: Signal;
  readonly headers: IncomingHttpHeaders;
  /** After decompression and without gRPC's prefix. */
  readonly bytes: Uint8Array;
  /** As the independent decoder reads them; nothing for profiles. */
  readonly message: Plain;
  readonly items: number;
}

export interface RecordingSink {
  readonly grpcEndpoint: string;
  readonly httpEndpoint: string;
  /** What was answered `accept` or `partial`. */
  readonly received: readonly Recorded[];
  /** Requests that arrived whole, whatever the answer was. */
  readonly attempts: number;
  /** From now on every request is answered so; a function is asked for each. At first: accept. */
  answer(answer: Answer | ((request: Recorded) => Answer)): void;
  /** Items received of a signal. */
  items(signal: Signal): number;
  /** Resolves once `condition` holds; asked again after every request. */
  until(condition: (sink: RecordingSink) => boolean): Promise<void>;
  /** Sends GOAWAY on every gRPC session. */
  goaway(): void;
  /** Cuts every connection and stops listening. */
  stop(): Promise<void>;
  /** Listens again, on the same ports. */
  start(): Promise<void>;
}

export interface RecordingSinkOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Default 0: the kernel chooses. */
  readonly grpcPort?: number;
}

/** Listens on loopback ports of the kernel's choice. To be ended with `stop`. */
export async function createRecordingSink(options: RecordingSinkOptions = {}): Promise<RecordingSink> {
  const scheme = options.tls === undefined ? "http" : "https";
  const received: Recorded[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  const watchers = new Set<() => void>();
  let attempts = 0;
  let ask: (request: Recorded) => Answer = () => ({ kind: "accept" });
  let grpc: Http2Server | Http2SecureServer;
  let http: Server;
  let grpcPort = options.grpcPort ?? 0;
  let httpPort = 0;

  const decide = (
    protocol: Recorded["protocol"],
    signal: Signal,
    headers: IncomingHttpHeaders,
    bytes: Uint8Array,
  ): Answer => {
    // The reference decoder knows no profiles.
    const message = signal === "profiles" ? {} : decodeRequest(signal, bytes);
    const items = signal === "profiles" ? 0 : countItems(signal, message);
    const request: Recorded = { protocol, signal, headers, bytes, message, items };
    attempts += 1;
    const answer = ask(request);
    if (answer.kind === "accept" || answer.kind === "partial") received.push(request);
    setImmediate(() => {
      for (const check of watchers) check();
    });
    return answer;
  };

  const start = async (): Promise<void> => {
    grpc = options.tls === undefined ? createHttp2() : createSecureServer(options.tls);
    grpc.on("session", (session: ServerHttp2Session) => {
      sessions.add(session);
      session.on("close", () => sessions.delete(session));
    });
    grpc.on(
      "stream",
      (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void serveGrpc(stream, headers, decide),
    );
    const listener = (request: IncomingMessage, response: ServerResponse): void =>
      void serveHttp(request, response, decide);
    http = options.tls === undefined ? createHttp(listener) : createHttps(options.tls, listener);
    http.on(options.tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    grpc.listen(grpcPort, "127.0.0.1");
    http.listen(httpPort, "127.0.0.1");
    await Promise.all([once(grpc, "listening"), once(http, "listening")]);
    grpcPort = (grpc.address() as AddressInfo).port;
    httpPort = (http.address() as AddressInfo).port;
  };

  await start();
  const sink: RecordingSink = {
    grpcEndpoint: `${scheme}://127.0.0.1:${grpcPort}`,
    httpEndpoint: `${scheme}://127.0.0.1:${httpPort}`,
    received,
    get attempts() {
      return attempts;
    },
    answer(answer) {
      ask = typeof answer === "function" ? answer : () => answer;
    },
    items: (signal) =>
      received.filter((request) => request.signal === signal).reduce((sum, { items }) => sum + items, 0),
    until(condition) {
      return new Promise((resolve) => {
        const check = (): void => {
          if (!condition(sink)) return;
          watchers.delete(check);
          resolve();
        };
        watchers.add(check);
        check();
      });
    },
    goaway() {
      for (const session of sessions) session.goaway(constants.NGHTTP2_NO_ERROR);
    },
    async stop() {
      const closed = [grpc, http].map((server) => new Promise((resolve) => void server.close(resolve)));
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
    start,
  };
  return sink;
}

type Decide = (
  protocol: Recorded["protocol"],
  signal: Signal,
  headers: IncomingHttpHeaders,
  bytes: Uint8Array,
) => Answer;

const grpcPaths: Readonly<Record<string, Signal>> = {
  "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "traces",
  "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": "metrics",
  "/opentelemetry.proto.collector.logs.v1.LogsService/Export": "logs",
  "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export": "profiles",
};

async function serveGrpc(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, decide: Decide): Promise<void> {
  stream.on("error", () => {});
  const body = await readAll(stream);
  const signal = grpcPaths[headers[":path"] ?? ""];
  if (body === undefined) return;
  if (signal === undefined) return endGrpc(stream, { "grpc-status": "12" });
  const length = body.readUInt32BE(1);
  if (length !== body.length - 5) return endGrpc(stream, { "grpc-status": "13", "grpc-message": "bad frame" });
  const message = body[0] === 1 ? inflate(headers["grpc-encoding"], body.subarray(5)) : body.subarray(5);
  const answer = decide("grpc", signal, headers, message);
  switch (answer.kind) {
    case "accept":
      return succeedGrpc(stream, new Uint8Array());
    case "partial":
      return succeedGrpc(stream, encodePartial(signal, answer.rejected, answer.message));
    case "busy":
      return endGrpc(stream, {
        "grpc-status": "14",
        "grpc-message": "busy",
        ...retryInfo(14, answer.retryAfterSeconds),
      });
    case "throttle":
      return endGrpc(stream, {
        "grpc-status": "8",
        "grpc-message": "slow%20down",
        ...retryInfo(8, answer.retryAfterSeconds),
      });
    case "refuse":
      return endGrpc(stream, { "grpc-status": "3", "grpc-message": encodeURIComponent(answer.message) });
    case "too-large":
      return endGrpc(stream, { "grpc-status": "8", "grpc-message": "too large" });
    case "hang":
      return;
    case "reset":
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      return;
    case "raw":
      stream.respond({ ":status": answer.status, "content-type": answer.contentType });
      stream.end(answer.body);
  }
}

function succeedGrpc(stream: ServerHttp2Stream, message: Uint8Array): void {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.concat([prefix, message]));
}

function endGrpc(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc", ...headers }, { endStream: true });
}

const httpPaths: Readonly<Record<string, Signal>> = {
  "/v1/traces": "traces",
  "/v1/metrics": "metrics",
  "/v1/logs": "logs",
  "/v1development/profiles": "profiles",
};

async function serveHttp(request: IncomingMessage, response: ServerResponse, decide: Decide): Promise<void> {
  const body = await readAll(request);
  const signal = httpPaths[request.url ?? ""];
  if (body === undefined) return;
  if (signal === undefined) return endHttp(response, 404, {}, "no such path");
  const message = inflate(request.headers["content-encoding"], body);
  const answer = decide("http", signal, request.headers, message);
  const delay = (seconds: number | undefined): OutgoingHttpHeaders =>
    seconds === undefined ? {} : { "retry-after": String(seconds) };
  switch (answer.kind) {
    case "accept":
      return endHttp(response, 200, {}, new Uint8Array());
    case "partial":
      return endHttp(response, 200, {}, encodePartial(signal, answer.rejected, answer.message));
    case "busy":
      return endHttp(response, 503, delay(answer.retryAfterSeconds), status(14, "busy"));
    case "throttle":
      return endHttp(response, 429, delay(answer.retryAfterSeconds), status(8, "slow down"));
    case "refuse":
      return endHttp(response, 400, {}, status(3, answer.message));
    case "too-large":
      return endHttp(response, 413, {}, status(8, "too large"));
    case "hang":
      return;
    case "reset":
      request.socket.resetAndDestroy();
      return;
    case "raw":
      return endHttp(response, answer.status, { "content-type": answer.contentType }, answer.body);
  }
}

function inflate(encoding: string | string[] | undefined, body: Buffer): Buffer {
  return encoding === "gzip" ? gunzipSync(body) : encoding === "zstd" ? zstdDecompressSync(body) : body;
}

function endHttp(
  response: ServerResponse,
  code: number,
  headers: OutgoingHttpHeaders,
  body: Uint8Array | string,
): void {
  response.writeHead(code, { "content-type": "application/x-protobuf", ...headers });
  response.end(body);
}

/** Undefined when the sender cut the request off. */
async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

function retryInfo(code: number, seconds: number | undefined): OutgoingHttpHeaders {
  if (seconds === undefined) return {};
  // google.rpc.RetryInfo { retry_delay = 1: google.protobuf.Duration { seconds = 1 } } inside google.protobuf.Any.
  const info = field(1, Uint8Array.of(0x08, seconds));
  const any = Buffer.concat([field(1, Buffer.from("type.googleapis.com/google.rpc.RetryInfo")), field(2, info)]);
  const details = Buffer.concat([status(code, ""), field(3, any)]);
  return { "grpc-status-details-bin": details.toString("base64").replace(/=+$/, "") };
}

/** google.rpc.Status { code = 1, message = 2 }. */
function status(code: number, message: string): Buffer {
  return Buffer.concat([Uint8Array.of(0x08, code), field(2, Buffer.from(message))]);
}

/** A length-delimited protobuf field of fewer than 128 bytes. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of((number << 3) | 2, bytes.length), bytes]);
}
