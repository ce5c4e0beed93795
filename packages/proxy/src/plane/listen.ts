/** One port for HTTP/1.1 and HTTP/2: by ALPN over TLS, by the first bytes in plaintext. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Server as SecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { fieldValue } from "@tracemend/context";
import { wrong } from "../check.ts";
import { Http1Tunnel } from "./http1-tunnel.ts";
import { Http1Caller, breakOff } from "./http1.ts";
import { isEnding, isLast, markLast, openExchanges } from "./http1-connection.ts";
import { isBare, readAgain } from "./http1-declined.ts";
import { refusalOf, refuseConnection } from "./http1-refusal.ts";
import { createHttp2 } from "./http2.ts";
import type { Caller, EngineSettings, ListenTarget, Listener } from "./plane.ts";
import { createProxied } from "./proxied.ts";
import type { Secured } from "./secured.ts";
import { createSecured, keepIdentities } from "./secured.ts";
import { sniff } from "./sniff.ts";

export async function listen(
  target: ListenTarget,
  settings: EngineSettings,
  accept: (caller: Caller) => void,
): Promise<Listener> {
  const scheme: "http" | "https" = target.tls === undefined ? "http" : "https";
  const http2 = createHttp2(settings, scheme, accept);
  const secured = target.tls === undefined ? undefined : createSecured(target.tls);
  const server = createHttp1(secured, settings);
  const proxied = target.proxyProtocol && createProxied(target.proxyProtocol, settings, scheme === "https");
  const sockets = new Set<Socket>();
  const undecided = new Set<Socket>();
  let closing = false;

  // HTTP/1.1 keeps its own way in, with its timers for slow heads; HTTP/2 is turned off before it.
  const event = target.tls === undefined ? "connection" : "secureConnection";
  const [http1] = server.listeners(event);
  server.removeAllListeners(event);
  const take = (socket: Socket, spoken: string): void => {
    if (spoken === "h2") http2.take(socket);
    else {
      http1?.call(server, socket);
      socket.resume();
    }
    if (closing && spoken === "h2") http2.drain();
  };
  server.prependListener("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on(event, (socket: Socket) => {
    if ("alpnProtocol" in socket) {
      keepIdentities(socket as TLSSocket);
      proxied?.pass(socket);
      return take(socket, socket.alpnProtocol === "h2" ? "h2" : "http/1.1");
    }
    undecided.add(socket);
    const timer = settings.clock.after(settings.timeouts.headMs, () => {
      settings.refused(refusalOf(settings, socket, "slow-head", undefined, "no first bytes"));
      socket.destroy();
    });
    const decide = (): void => {
      timer.cancel();
      undecided.delete(socket);
    };
    socket.once("close", decide);
    sniff(socket, (spoken) => {
      decide();
      take(socket, spoken);
    });
  });

  const options = (request: IncomingMessage, expects: boolean) => ({
    scheme,
    expects,
    upgrade: upgradeOf(request),
    last: isLast(request),
    closing: () => closing,
    clock: settings.clock,
  });
  const take1 = (request: IncomingMessage, response: ServerResponse, expects: boolean): void => {
    const { socket } = request;
    if (isEnding(socket)) return;
    if (openExchanges(socket) < settings.limits.streams)
      return accept(new Http1Caller(request, response, options(request, expects)));
    settings.refused(refusalOf(settings, socket, "flood", undefined, "too many pipelined requests"));
    breakOff(socket);
  };
  server.on("request", (request: IncomingMessage, response: ServerResponse) => take1(request, response, false));
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => take1(request, response, true));
  const tunnel = (request: IncomingMessage, socket: Socket, first: Uint8Array): void => {
    if (isEnding(socket)) socket.destroy();
    else if (request.method !== "CONNECT" && upgradeOf(request) === undefined)
      readAgain(request, socket, first, () => take(socket, "http/1.1"));
    else accept(new Http1Tunnel(request, socket, first, options(request, false)));
  };
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuseConnection(settings, error, socket));
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    proxied?.pass(socket);
    settings.refused(refusalOf(settings, socket, "tls-handshake", undefined, error.code ?? error.message));
  });
  server.on("upgrade", tunnel);
  server.on("connect", tunnel);

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
      proxied?.destroy();
      for (const socket of undecided) socket.destroy();
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
      return closed.promise;
    },
  };
}

function createHttp1(secured: Secured | undefined, settings: EngineSettings): Server | SecureServer {
  const { limits, timeouts } = settings;
  const options = {
    maxHeaderSize: limits.headBytes,
    headersTimeout: timeouts.headMs,
    // A limit on the whole request would cut long uploads; idle ones are cut by the exchange's own deadline.
    requestTimeout: 0,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: Math.min(30_000, timeouts.headMs),
    insecureHTTPParser: false,
    // Refused with a reason by the first phase, and recorded.
    requireHostHeader: false,
    noDelay: true,
    // node:http leaves the connection for any protocol that a caller names: an offer that is declined is read again.
    shouldUpgradeCallback(request: IncomingMessage) {
      const left = isBare(request);
      if (!left) markLast(request);
      return left;
    },
  };
  const server =
    secured === undefined
      ? createServer(options)
      : createSecureServer({
          ...options,
          ...secured.options,
          handshakeTimeout: timeouts.headMs,
          ALPNProtocols: ["h2", "http/1.1"],
        });
  // With a count, node:http drops the lines beyond it in silence; bytes are counted and refused with 431.
  server.maxHeadersCount = 0;
  return server;
}

/** None with a body: what one reader takes for it are the new protocol's first bytes to another. */
function upgradeOf(request: IncomingMessage): string | undefined {
  const value = fieldValue(request.rawHeaders, "upgrade");
  if (value === undefined || request.method !== "GET" || value.toLowerCase() !== "websocket") return undefined;
  return isBare(request) ? value : undefined;
}
