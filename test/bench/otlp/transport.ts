/** Both ways OTLP travels, for the OTLP benchmarks: servers that hand over whole bodies, and clients that send them. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { grpcPath, grpcPrefix, httpPath } from "@tracemend/otlp";
import { Pool } from "undici";

export type Transport = "http" | "grpc";
export type Compression = "none" | "gzip";

/** A body as it came, without gRPC's prefix, perhaps compressed; the answer goes out when this returns. */
export type Take = (body: Buffer, compression: Compression) => boolean;

export interface Listener {
  readonly port: number;
  close(): void;
}

export interface Client {
  /** Was it taken, or was the answer "busy"? Rejects for any other answer. */
  send(body: Uint8Array, compression: Compression): Promise<boolean>;
  close(): Promise<unknown>;
}

/** Answers each request once it is whole, accepted or busy, as `take` says. */
export async function listen(transport: Transport, take: Take): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = transport === "http" ? createHttpServer(take) : createGrpcServer(take);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function createHttpServer(take: Take): Server {
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const taken = take(Buffer.concat(chunks), request.headers["content-encoding"] === "gzip" ? "gzip" : "none");
      response.writeHead(taken ? 200 : 503, { "content-type": "application/x-protobuf", "content-length": 0 }).end();
    });
  });
}

function createGrpcServer(take: Take): Server {
  const server = createHttp2Server({ settings: { initialWindowSize: 1024 * 1024 } });
  server.on("session", (session: ServerHttp2Session) => session.setLocalWindowSize(4 * 1024 * 1024));
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const taken = take(Buffer.concat(chunks).subarray(5), headers["grpc-encoding"] === "gzip" ? "gzip" : "none");
      const head = { ":status": 200, "content-type": "application/grpc" };
      if (!taken) return stream.respond({ ...head, "grpc-status": "14" }, { endStream: true });
      stream.respond(head, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(grpcPrefix(0));
    });
  });
  return server;
}

export function createClient(transport: Transport, port: number, connections: number): Client {
  return transport === "http" ? createHttpClient(port, connections) : createGrpcClient(port);
}

function createHttpClient(port: number, connections: number): Client {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections });
  const plain = { "content-type": "application/x-protobuf" };
  const headers = { none: plain, gzip: { ...plain, "content-encoding": "gzip" } };
  return {
    async send(body, compression) {
      const options = { method: "POST", path: httpPath("traces"), headers: headers[compression], body } as const;
      const answer = await pool.request(options);
      await answer.body.dump();
      return isTaken(answer.statusCode, 200, 503);
    },
    close: () => pool.destroy(),
  };
}

function createGrpcClient(port: number): Client {
  // Past its limit of megabytes a session resets streams by itself.
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${port}`, { maxSessionMemory: 4_096 });
  session.on("error", () => {});
  const plain = {
    ":method": "POST",
    ":path": grpcPath("traces"),
    "content-type": "application/grpc",
    te: "trailers",
  };
  const headers = { none: plain, gzip: { ...plain, "grpc-encoding": "gzip" } };
  return {
    send: (body, compression) =>
      new Promise((resolve, reject) => {
        const stream = session.request(headers[compression]);
        let status: unknown;
        const note = (fields: IncomingHttpHeaders): void => {
          status = fields["grpc-status"] ?? status;
        };
        stream.on("response", note).on("trailers", note).on("error", reject).resume();
        stream.on("close", () => resolve(isTaken(Number(status), 0, 14)));
        stream.write(grpcPrefix(body.length, compression === "gzip"));
        stream.end(body);
      }),
    async close() {
      session.destroy();
    },
  };
}

function isTaken(status: number, taken: number, busy: number): boolean {
  if (status !== taken && status !== busy) throw new Error(`answered with status ${status}`);
  return status === taken;
}
