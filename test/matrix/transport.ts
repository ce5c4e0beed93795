/** The transports of the matrix: one way to call and one way to serve, whatever is spoken on the wire. */
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Identity } from "../support/certificates.ts";

export const TRANSPORTS = ["h1", "h1-tls", "h2c", "h2"] as const;
export type Transport = (typeof TRANSPORTS)[number];

export function isHttp2(transport: Transport): boolean {
  return transport === "h2c" || transport === "h2";
}

export function isSecure(transport: Transport): boolean {
  return transport === "h2" || transport === "h1-tls";
}

/** The part of node's request and response, and of its HTTP/2 look-alike, that the behaviours use. */
export type Incoming = http.IncomingMessage;
export type Outgoing = http.ServerResponse;

export interface Service {
  readonly url: string;
  /** Connections accepted so far. */
  readonly connections: () => number;
  serve: (request: Incoming, response: Outgoing) => void;
  upgrade: (request: Incoming, socket: Socket) => void;
  close(): Promise<void>;
}

export async function startService(transport: Transport, identity: Identity): Promise<Service> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const handle = (request: unknown, response: unknown): void =>
    service.serve(request as Incoming, response as Outgoing);
  const server =
    transport === "h1"
      ? http.createServer(handle)
      : transport === "h1-tls"
        ? https.createServer({ ...identity }, handle)
        : transport === "h2c"
          ? http2.createServer(handle)
          : http2.createSecureServer({ ...identity, allowHTTP1: false }, handle);
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request: Incoming, socket: Socket) => service.upgrade(request, socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const service: Service = {
    url: `${isSecure(transport) ? "https" : "http"}://localhost:${port}`,
    connections: () => connections,
    serve: (request, response) => {
      request.resume();
      response.end();
    },
    upgrade: (_request, socket) => socket.destroy(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return service;
}

/** Lines without pseudo-fields, names as they came. */
export function linesOf(request: Incoming): string[] {
  const lines: string[] = [];
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at] ?? "";
    if (!name.startsWith(":")) lines.push(name, request.rawHeaders[at + 1] ?? "");
  }
  return lines;
}

export interface Answer {
  readonly status: number;
  readonly lines: readonly string[];
}

export interface Sent {
  readonly answered: Promise<Answer>;
  /** Statuses of informational answers and their lines. */
  readonly informed: Answer[];
  /** Resolves with the first of them. */
  readonly firstInformed: Promise<Answer>;
  /** Readable once answered. */
  readonly body: () => Readable;
  readonly trailers: () => readonly string[];
  readonly write: (chunk: Uint8Array | string) => boolean;
  readonly drained: () => Promise<void>;
  readonly end: (trailers?: Readonly<Record<string, string>>) => void;
  readonly cancel: () => void;
  /** Resolves when nothing more comes, with the reset code of HTTP/2, or -1 where a connection of HTTP/1 was cut. */
  readonly closed: Promise<number>;
}

export interface Client {
  send(request: {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    /** Nothing follows the head. */
    readonly bare?: boolean;
  }): Sent;
  /** Connections opened so far. */
  readonly connections: () => number;
  close(): void;
}

export function createClient(transport: Transport, port: number, ca: string): Client {
  return isHttp2(transport) ? createHttp2Client(transport, port, ca) : createHttp1Client(transport, port, ca);
}

function createHttp1Client(transport: Transport, port: number, ca: string): Client {
  const secure = transport === "h1-tls";
  const agent = secure ? new https.Agent({ keepAlive: true, ca }) : new http.Agent({ keepAlive: true });
  let connections = 0;
  const counted = new WeakSet<Socket>();
  return {
    send({ method = "GET", path = "/", headers = {}, bare = false }) {
      const all: http.OutgoingHttpHeaders = {};
      for (const [name, value] of Object.entries(headers)) all[name] = typeof value === "string" ? value : [...value];
      const request = (secure ? https : http).request({ agent, port, host: "localhost", method, path, headers: all });
      const answered = Promise.withResolvers<Answer>();
      const closed = Promise.withResolvers<number>();
      const informed: Answer[] = [];
      const first = Promise.withResolvers<Answer>();
      const inform = (status: number, lines: readonly string[]): void => {
        informed.push({ status, lines });
        first.resolve({ status, lines });
      };
      let response: http.IncomingMessage | undefined;
      let cut = false;
      request.once("socket", (socket: Socket) => {
        if (!counted.has(socket)) connections += 1;
        counted.add(socket);
      });
      request.on("information", (info) => inform(info.statusCode, info.rawHeaders));
      request.on("response", (message) => {
        response = message;
        message.on("error", () => {
          cut = true;
        });
        answered.resolve({ status: message.statusCode ?? 0, lines: message.rawHeaders });
      });
      request.on("error", (error) => {
        cut = true;
        answered.reject(error);
      });
      request.once("close", () => closed.resolve(cut || response?.complete !== true ? -1 : 0));
      answered.promise.catch(() => undefined);
      if (bare) request.end();
      else request.flushHeaders();
      return {
        answered: answered.promise,
        informed,
        firstInformed: first.promise,
        body: () => response as Readable,
        trailers: () => response?.rawTrailers ?? [],
        write: (chunk) => request.write(chunk),
        drained: () => new Promise((resolve) => request.once("drain", resolve)),
        end: (trailers) => {
          if (trailers !== undefined) request.addTrailers(trailers);
          request.end();
        },
        cancel: () => request.destroy(),
        closed: closed.promise,
      };
    },
    connections: () => connections,
    close: () => agent.destroy(),
  };
}

function createHttp2Client(transport: Transport, port: number, ca: string): Client {
  const session = http2.connect(`${transport === "h2" ? "https" : "http"}://localhost:${port}`, { ca });
  session.on("error", () => undefined);
  return {
    send({ method = "GET", path = "/", headers = {}, bare = false }) {
      const stream = session.request(
        { ":method": method, ":path": path, ...headers },
        {
          endStream: bare,
          waitForTrailers: !bare,
        },
      );
      const answered = Promise.withResolvers<Answer>();
      const closed = Promise.withResolvers<number>();
      const informed: Answer[] = [];
      const first = Promise.withResolvers<Answer>();
      const inform = (status: number, lines: readonly string[]): void => {
        informed.push({ status, lines });
        first.resolve({ status, lines });
      };
      let trailers: readonly string[] = [];
      let last: Readonly<Record<string, string>> = {};
      stream.on("headers", (fields, _flags, raw: string[]) => inform(Number(fields[":status"]), raw.slice(2)));
      stream.on("response", (fields, _flags, raw: string[]) =>
        answered.resolve({ status: Number(fields[":status"]), lines: raw.slice(2) }),
      );
      stream.on("trailers", (_fields, _flags, raw: string[]) => {
        trailers = raw;
      });
      stream.on("wantTrailers", () => stream.sendTrailers(last));
      stream.on("error", (error) => answered.reject(error));
      stream.once("close", () => {
        answered.reject(new Error("closed"));
        closed.resolve(stream.rstCode ?? 0);
      });
      answered.promise.catch(() => undefined);
      return {
        answered: answered.promise,
        informed,
        firstInformed: first.promise,
        body: () => stream,
        trailers: () => trailers,
        write: (chunk) => stream.write(chunk),
        drained: () => new Promise((resolve) => stream.once("drain", resolve)),
        end: (wanted) => {
          last = wanted ?? {};
          stream.end();
        },
        cancel: () => stream.close(http2.constants.NGHTTP2_CANCEL),
        closed: closed.promise,
      };
    },
    connections: () => 1,
    close: () => session.destroy(),
  };
}

export async function readAll(readable: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of readable) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
