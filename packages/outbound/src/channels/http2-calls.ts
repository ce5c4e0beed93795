/** Calls by node:http2: noticed through its channel, carried through a wrapper, for what its channel shows is no longer read. */
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  ClientSessionRequestOptions,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from "node:http2";
import type { Socket } from "node:net";
import type { Outgoing } from "../carry.ts";
import { failOpen } from "../fail-open.ts";
import type { Head } from "../head.ts";
import type { OnCall, Unwatch } from "./watch.ts";
import { watch } from "./watch.ts";

export interface Http2Calls {
  /** Opens a stream whose head was judged first. */
  request(
    session: ClientHttp2Session,
    headers: OutgoingHttpHeaders,
    options: ClientSessionRequestOptions | undefined,
  ): ClientHttp2Stream;
  readonly unwatch: Unwatch;
}

export function watchHttp2Calls(onCall: OnCall): Http2Calls {
  // undici's own HTTP/2 streams were judged as undici requests.
  const pooled = new Set<string>();
  let judged = false;
  const unwatchPools = watch("undici:client:connected", ({ socket }) => {
    const connection = connectionOf(socket);
    pooled.add(connection);
    socket.once("close", () => pooled.delete(connection));
  });
  const unwatchCalls = watch("http2.client.stream.created", ({ stream, headers }) => {
    const { session } = stream;
    if (judged || session === undefined || isGrpc(headers) || pooled.has(connectionOf(session.socket))) return;
    onCall(outgoingOf(session.socket, headers), { ...headOf(headers), sealed: true }, stream);
  });
  return {
    request(session, headers, options) {
      const copy = { ...headers };
      failOpen(() => {
        if (!session.destroyed) onCall(outgoingOf(session.socket, copy), headOf(copy), copy);
      });
      judged = true;
      try {
        return session.request(copy, options);
      } finally {
        judged = false;
      }
    },
    unwatch: () => {
      unwatchPools();
      unwatchCalls();
    },
  };
}

function connectionOf({ localPort, remotePort }: Pick<Socket, "localPort" | "remotePort">): string {
  return `${localPort}-${remotePort}`;
}

/** A gRPC client opens its streams later and elsewhere than it was called; an interceptor sees the call itself. */
function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers["content-type"]?.startsWith("application/grpc") === true;
}

function outgoingOf(socket: Pick<Socket, "remoteAddress" | "remotePort">, headers: OutgoingHttpHeaders): Outgoing {
  const authority = headers[":authority"] ?? headers.host;
  const { hostname = "", port } =
    authority === undefined ? {} : (URL.parse(`tm://${String(authority)}`) ?? { hostname: "", port: "" });
  return {
    api: "http2",
    method: String(headers[":method"] ?? "GET"),
    host: hostname === "" ? (socket.remoteAddress ?? "") : hostname,
    port: port === undefined || port === "" ? socket.remotePort : Number(port),
    path: String(headers[":path"] ?? "/"),
  };
}

function headOf(headers: OutgoingHttpHeaders): Head {
  const nameIn = (name: string): string | undefined => Object.keys(headers).find((key) => key.toLowerCase() === name);
  return {
    sealed: false,
    values: (name) => {
      const value = headers[nameIn(name) ?? name];
      if (value === undefined) return [];
      return Array.isArray(value) ? value : [String(value)];
    },
    set: (name, value) => {
      headers[nameIn(name) ?? name] = value;
    },
    remove: (name) => {
      const key = nameIn(name);
      if (key !== undefined) delete headers[key];
    },
  };
}
