/** Opens one connection to an upstream: TCP, then TLS with the name of the upstream and never of the caller's `Host`. */
import { connect as connectTcp, isIP } from "node:net";
import type { OnReadOpts, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import type { Alpn, EngineSettings, UpstreamTarget } from "./plane.ts";

/** An error that carries what it means, through engines that only pass errors on. */
export class DialError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, cause: unknown) {
    super(failure.text, { cause });
    this.failure = failure;
  }
}

export type Dialed = (error: DialError | null, socket: Socket | null) => void;

/**
 * `read`: told what a plain connection reads, in place of its `data` events, and only until it returns: all of them are
 * read into the same memory. A connection of TLS has its `data` events.
 */
export type Dial = (alpn: readonly Alpn[], done: Dialed, read?: (bytes: Buffer) => void) => Socket;

/** Node would reserve as much for every read of every connection, and give most of it back. */
const READ_INTO = Buffer.allocUnsafeSlow(65_536);

function readTo(read: (bytes: Buffer) => void): OnReadOpts {
  return {
    buffer: READ_INTO,
    callback(length) {
      read(READ_INTO.subarray(0, length));
      return true;
    },
  };
}

/** The dialer of one target; it keeps the last TLS session so that the next handshake is short. */
export function createDial(target: UpstreamTarget, settings: EngineSettings): Dial {
  const { url, tls } = target;
  const secure = url.protocol === "https:";
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const port = Number(url.port === "" ? (secure ? 443 : 80) : url.port);
  const serverName = tls.serverName ?? host;
  const base: ConnectionOptions = {
    host,
    port,
    // RFC 6066, section 3: no literal addresses. The certificate is still checked against the address.
    servername: isIP(serverName) === 0 ? serverName : "",
    ...(tls.ca === undefined ? undefined : { ca: bytes(tls.ca) }),
    ...(tls.cert === undefined ? undefined : { cert: bytesOf(tls.cert) }),
    ...(tls.key === undefined ? undefined : { key: bytesOf(tls.key) }),
    rejectUnauthorized: tls.rejectUnauthorized ?? true,
  };
  let session: Buffer | undefined;
  return (alpn, done, read) => {
    const options = { ...base, ALPNProtocols: [...alpn], ...(session === undefined ? undefined : { session }) };
    const plain = { host, port, ...(read === undefined ? undefined : { onread: readTo(read) }) };
    const socket: Socket = secure ? connectTls(options) : connectTcp(plain);
    socket.setNoDelay(true);
    socket.on("session", (ticket: Buffer) => {
      session = ticket;
    });
    const finish = (error: DialError | null): void => {
      timer.cancel();
      socket.off("error", fail).off(secure ? "secureConnect" : "connect", succeed);
      if (error === null) return done(null, socket);
      socket.on("error", ignore).destroy();
      done(error, null);
    };
    const succeed = (): void => finish(null);
    const fail = (cause: Error): void => finish(new DialError(failureOf("unreachable"), cause));
    const timer = settings.clock.after(settings.timeouts.connectMs, () =>
      finish(new DialError(failureOf("connect-timeout"), undefined)),
    );
    socket.once("error", fail).once(secure ? "secureConnect" : "connect", succeed);
    return socket;
  };
}

function ignore(): void {
  // What a connection says after it was given up concerns no one.
}

function bytes(text: NonNullable<UpstreamTarget["tls"]["ca"]>): string | Buffer | (string | Buffer)[] {
  if (typeof text === "string" || text instanceof Uint8Array) return bytesOf(text);
  return text.map(bytesOf);
}

function bytesOf(text: string | Uint8Array): string | Buffer {
  return typeof text === "string" ? text : Buffer.from(text);
}
