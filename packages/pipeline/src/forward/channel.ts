/** One HTTP/2 session to a gRPC destination, made before it is needed and made again whenever it is lost. */
import { connect } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Clock, Timer } from "../clock.ts";
import type { Destination } from "../destination.ts";
import type { Reachability } from "../reachability.ts";
import { createBackoff } from "./backoff.ts";

export interface Channel {
  /** The session to send on; undefined while there is none. */
  session(): ClientHttp2Session | undefined;
  /** The peer answered on the session: it lives. */
  heard(): void;
  /** Ends the session once its streams are done, or when the signal aborts. */
  close(signal: AbortSignal): Promise<void>;
}

const connectTimeoutMs = 5_000;
/**
 * Megabytes. Node counts what waits to be written, and past the limit resets streams whose answer is arriving, so that
 * batches the peer has taken would be sent again. What is written is bounded by the queue.
 */
const maxSessionMemory = 4_096;
const pingTimeoutMs = 10_000;
const idleBeforePingMs = 30_000;
/** A session that lived shorter than this counts as a failed attempt. */
const steadyMs = 2_000;

export function createChannel(
  destination: Destination,
  reachability: Reachability,
  clock: Clock,
  random: () => number,
): Channel {
  const backoff = createBackoff(random);
  let current: ClientHttp2Session | undefined;
  let dialing: ClientHttp2Session | undefined;
  let redial: Timer | undefined;
  let ping: Timer | undefined;
  let closed = false;

  const dial = (): void => {
    const session = connect(destination.origin, {
      ...destination.tls,
      settings: { enablePush: false },
      maxSessionMemory,
    });
    dialing = session;
    let failure = "connection closed";
    let openedMs = 0;
    const patience = clock.after(connectTimeoutMs, () => {
      failure = `no HTTP/2 settings within ${connectTimeoutMs} ms`;
      session.destroy();
    });
    const lost = (): void => {
      patience.cancel();
      if (session !== current && session !== dialing) return;
      const steady = openedMs > 0 && clock.now() - openedMs >= steadyMs;
      if (session === dialing) dialing = undefined;
      else current = undefined;
      ping?.cancel();
      if (closed) return;
      reachability.down(failure);
      if (steady) backoff.reset();
      redial = clock.after(steady ? 0 : backoff.nextMs(), dial);
    };
    session.on("connect", (_session, socket) => {
      // Finds a peer that vanished without a word while nothing is being sent, without HTTP/2 PINGs.
      (socket as Socket).setKeepAlive(true, idleBeforePingMs);
    });
    // A TCP connection proves no HTTP/2 peer; its SETTINGS frame does (RFC 9113 §3.4).
    session.once("remoteSettings", () => {
      patience.cancel();
      if (session !== dialing || session.closed) return;
      dialing = undefined;
      current = session;
      openedMs = clock.now();
      reachability.up();
      pingWhenIdle(session);
    });
    session.on("goaway", (code: number) => {
      failure = `GOAWAY ${errorNames[code] ?? code}`;
      lost();
    });
    session.on("error", (error: Error) => {
      failure = error.message;
    });
    session.on("close", lost);
  };

  /**
   * One PING after a silence, and none again before the peer has answered a call: grpc-go servers answer a third PING
   * without traffic with GOAWAY ENHANCE_YOUR_CALM.
   */
  const pingWhenIdle = (session: ClientHttp2Session): void => {
    ping?.cancel();
    ping = clock.after(idleBeforePingMs, () => {
      const answer = clock.after(pingTimeoutMs, () =>
        session.destroy(new Error(`no PING answer within ${pingTimeoutMs} ms`)),
      );
      ping = answer;
      if (!session.ping(() => answer.cancel())) answer.cancel();
    });
  };

  dial();
  return {
    session: () => (current === undefined || current.closed || current.destroyed ? undefined : current),
    heard() {
      if (current !== undefined) pingWhenIdle(current);
    },
    async close(signal) {
      closed = true;
      redial?.cancel();
      ping?.cancel();
      dialing?.destroy();
      const session = current;
      if (session === undefined || session.destroyed) return;
      const cut = (): void => session.destroy();
      const gone = new Promise((resolve) => {
        session.once("close", resolve);
      });
      session.close();
      if (signal.aborted) cut();
      else signal.addEventListener("abort", cut);
      await gone;
      signal.removeEventListener("abort", cut);
    },
  };
}

/** RFC 9113 §7. */
const errorNames: readonly string[] = (
  "NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED FRAME_SIZE_ERROR " +
  "REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM INADEQUATE_SECURITY HTTP_1_1_REQUIRED"
).split(" ");
