/**
 * What stands behind every proxy: a service that costs next to nothing over HTTP/1.1, one of gRPC, and a sink for spans;
 * together a process of their own.
 */
import { fork } from "node:child_process";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { fileURLToPath } from "node:url";

/** Messages in the answer to one streaming call. */
export const STREAMED = 32;

export const UNARY = "/bench.Echo/Unary";
export const STREAM = "/bench.Echo/Stream";

export interface OriginPorts {
  /** Answers a request with its head, `/echo` with its body, `/trailers` in chunks; `/hold` waits for `release`. */
  readonly http: number;
  /** HTTP/2 with prior knowledge: {@link UNARY} and {@link STREAM}. */
  readonly grpc: number;
  /** Takes every OTLP request over HTTP. */
  readonly sink: number;
}

export interface Origin {
  readonly pid: number;
  readonly ports: OriginPorts;
  /** Resolves once as many requests are held. */
  holds(requests: number): Promise<void>;
  /** Answers every request that is held. */
  release(): void;
  stop(): void;
}

export async function startOrigin(): Promise<Origin> {
  const child = fork(fileURLToPath(import.meta.url), ["serve"]);
  const ports = await new Promise<OriginPorts>((resolve) =>
    child.once("message", (message) => resolve(message as OriginPorts)),
  );
  return {
    pid: child.pid as number,
    ports,
    holds: (requests) =>
      new Promise((resolve) => {
        child.once("message", () => resolve());
        child.send(requests);
      }),
    release: () => void child.send("release"),
    stop: () => void child.kill(),
  };
}

const FIELDS =
  "Content-Type: text/plain\r\nCache-Control: no-store\r\nDate: Sun, 22 Nov 2026 00:00:00 GMT\r\nServer: origin\r\nX-A: 1\r\nVary: Accept\r\n";
const TRAILERS = `HTTP/1.1 200 OK\r\n${FIELDS}Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n`;

const held: (() => void)[] = [];
let awaited = Number.POSITIVE_INFINITY;

function hold(release: () => void): void {
  held.push(release);
  tellHeld();
}

function tellHeld(): void {
  if (held.length < awaited) return;
  awaited = Number.POSITIVE_INFINITY;
  process.send?.("held");
}

function serveHttp1(socket: Socket): void {
  let seen: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    for (let end = seen.indexOf("\r\n\r\n"); end >= 0; end = seen.indexOf("\r\n\r\n")) {
      const head = seen.toString("latin1", 0, end);
      const body = bodyOf(head, seen.subarray(end + 4));
      if (body === undefined) return;
      answer(socket, head, body.content);
      seen = seen.subarray(end + 4 + body.length);
    }
  });
  socket.on("error", () => socket.destroy());
}

function answer(socket: Socket, head: string, body: Buffer): void {
  const path = head.slice(head.indexOf(" ") + 1, head.indexOf(" HTTP/"));
  if (path === "/trailers") socket.write(TRAILERS, "latin1");
  else if (path === "/hold") hold(() => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  else {
    const content = path === "/echo" ? body : Buffer.from(head, "latin1");
    socket.cork();
    socket.write(`HTTP/1.1 200 OK\r\n${FIELDS}Content-Length: ${content.length}\r\n\r\n`, "latin1");
    socket.write(content);
    socket.uncork();
  }
}

/** `length` with its framing; undefined where it is not all there. */
function bodyOf(head: string, bytes: Buffer): { content: Buffer; length: number } | undefined {
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return chunksOf(bytes);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  return bytes.length < length ? undefined : { content: bytes.subarray(0, length), length };
}

function chunksOf(bytes: Buffer): { content: Buffer; length: number } | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const line = bytes.indexOf("\r\n", at);
    const size = line < 0 ? Number.NaN : Number.parseInt(bytes.toString("latin1", at, line), 16);
    if (Number.isNaN(size) || bytes.length < line + 2 + size + 2) return undefined;
    if (size === 0) return { content: Buffer.concat(parts), length: line + 4 };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

function serveGrpc(stream: ServerHttp2Stream, path: string): void {
  const parts: Buffer[] = [];
  stream.on("error", () => undefined);
  stream.on("data", (chunk: Buffer) => void parts.push(chunk));
  stream.on("end", () => {
    const message = Buffer.concat(parts);
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    if (path === UNARY) stream.end(message);
    else sendOneByOne(stream, message, STREAMED);
  });
}

/** Each message in a turn of its own, as a service sends them that has something to do in between. */
function sendOneByOne(stream: ServerHttp2Stream, message: Buffer, left: number): void {
  if (left === 0) return void stream.end();
  stream.write(message);
  setImmediate(sendOneByOne, stream, message, left - 1);
}

function listen(server: Pick<Server, "listen" | "address">): Promise<number> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

async function serve(): Promise<void> {
  const grpc = createHttp2Server();
  grpc.on("stream", (stream: ServerHttp2Stream, headers) => serveGrpc(stream, String(headers[":path"])));
  const sink = createHttpServer((request, response) => {
    request.resume().once("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
  });
  const ports: OriginPorts = {
    http: await listen(createServer({ noDelay: true }, serveHttp1)),
    grpc: await listen(grpc),
    sink: await listen(sink),
  };
  process.on("message", (message) => {
    if (typeof message !== "number") return held.splice(0).forEach((release) => release());
    awaited = message;
    tellHeld();
  });
  process.send?.(ports);
}

if (process.argv[2] === "serve") await serve();
