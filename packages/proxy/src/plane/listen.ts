/** One port for HTTP/1.1 and HTTP/2: by ALPN over TLS, by the first bytes in plaintext. */
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createSecureServer } from "node:tls";
import type { Server as SecureServer, TLSSocket } from "node:tls";
import { wrong } from "../check.ts";
import { createDeadlines } from "../deadlines.ts";
import type { Http1Port } from "./http1-connection.ts";
import { Http1Connection } from "./http1-connection.ts";
import { createHttp2 } from "./http2.ts";
import { peerOf } from "./peer.ts";
import type { Caller, EngineSettings, ListenTarget, Listener } from "./plane.ts";
import { createProxied } from "./proxied.ts";
import { refusalOf } from "./refusal.ts";
import type { Secured } from "./secured.ts";
import { createSecured, keepIdentities } from "./secured.ts";
import { sniff } from "./sniff.ts";

/** Slow heads and idle connections are met up to this late. */
const DEADLINE_STEP_MS = 500;

export async function listen(
  target: ListenTarget,
  settings: EngineSettings,
  accept: (caller: Caller) => void,
): Promise<Listener> {
  const { clock, timeouts } = settings;
  const scheme: "http" | "https" = target.tls === undefined ? "http" : "https";
  const http2 = createHttp2(settings, scheme, accept);
  const secured = target.tls === undefined ? undefined : createSecured(target.tls);
  const server = createTransport(secured, settings);
  const proxied = target.proxyProtocol && createProxied(target.proxyProtocol, settings, scheme === "https");
  const sockets = new Set<Socket>();
  const undecided = new Set<Socket>();
  let closing = false;
  const deadlines = createDeadlines<Http1Connection>(
    clock,
    Math.min(DEADLINE_STEP_MS, timeouts.headMs, timeouts.keepAliveMs),
  );
  const seconds = Math.floor(timeouts.keepAliveMs / 1000);
  const kept = `Connection: keep-alive\r\n${seconds > 0 ? `Keep-Alive: timeout=${seconds}\r\n` : ""}`;
  const http1: Http1Port = { settings, scheme, accept, deadlines, isClosing: () => closing, kept };

  const takeHttp2 = (socket: Socket): void => {
    http2.take(socket);
    if (closing) http2.drain();
  };
  const decide = (socket: Socket): void => {
    undecided.add(socket);
    const timer = clock.after(timeouts.headMs, () => {
      settings.refused(refusalOf(settings, peerOf(socket), "slow-head", undefined, "no first bytes"));
      socket.destroy();
    });
    const decided = (): void => {
      timer.cancel();
      undecided.delete(socket);
    };
    socket.once("close", decided);
    sniff(socket, (spoken, seen) => {
      decided();
      if (spoken === "http/1.1") return new Http1Connection(socket, http1).read(seen);
      socket.unshift(seen);
      takeHttp2(socket);
    });
  };

  server.maxConnections = settings.limits.connections;
  server.on("drop", (from) => {
    const peer = { address: from?.remoteAddress ?? "", port: from?.remotePort ?? 0 };
    settings.refused(
      refusalOf(settings, peer, "too-many-connections", undefined, `more than ${server.maxConnections}`),
    );
  });
  server.prependListener("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  if (secured === undefined) server.on("connection", decide);
  server.on("secureConnection", (socket: TLSSocket) => {
    keepIdentities(socket);
    proxied?.pass(socket);
    if (socket.alpnProtocol === "h2") takeHttp2(socket);
    else void new Http1Connection(socket, http1);
  });
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    proxied?.pass(socket);
    settings.refused(refusalOf(settings, peerOf(socket), "tls-handshake", undefined, error.code ?? error.message));
  });

  if (proxied !== undefined) {
    const behind = server.listeners("connection");
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      proxied.take(socket, () => {
        for (const each of behind) each.call(server, socket);
      });
    });
  }

  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(target.port, target.host, () => {
    server.off("error", reject);
    resolve();
  });
  await promise;
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    secure(tls) {
      if (secured === undefined || !("setSecureContext" in server))
        throw wrong("listen.tls", "present", "absent as it was");
      server.setSecureContext(secured.change(tls));
    },
    close(signal) {
      closing = true;
      const closed = Promise.withResolvers<void>();
      const abort = (): void => {
        for (const socket of sockets) socket.destroy();
      };
      server.close(() => {
        signal.removeEventListener("abort", abort);
        closed.resolve();
      });
      http2.drain();
      deadlines.forEach((connection) => connection.drain());
      proxied?.destroy();
      for (const socket of undecided) socket.destroy();
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
      return closed.promise;
    },
  };
}

function createTransport(secured: Secured | undefined, { timeouts }: EngineSettings): Server | SecureServer {
  // Who is told to go reads it first. Not over TLS: node:tls would keep a caller that leaves in the handshake.
  if (secured === undefined) return createServer({ allowHalfOpen: true, noDelay: true });
  return createSecureServer({
    ...secured.options,
    noDelay: true,
    handshakeTimeout: timeouts.headMs,
    ALPNProtocols: ["h2", "http/1.1"],
  });
}
