/** Keeps one idle connection to an HTTP destination, so that its loss is known before anything has to be sent. */
import { connect, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock, Timer } from "../clock.ts";
import type { Destination } from "../destination.ts";
import type { Reachability } from "../reachability.ts";
import { createBackoff } from "./backoff.ts";

export interface Probe {
  close(): void;
}

const connectTimeoutMs = 5_000;
const idleBeforeKeepAliveMs = 30_000;
/** A peer that closes two connections younger than this in a row is connected to again only after a wait. */
const steadyMs = 1_000;

/**
 * A lost connection is made again at once, and only the failure of that makes the destination unreachable: HTTP servers
 * close idle connections as a matter of course.
 */
export function createProbe(
  destination: Destination,
  reachability: Reachability,
  clock: Clock,
  random: () => number,
): Probe {
  const backoff = createBackoff(random);
  let socket: Socket | undefined;
  let timer: Timer | undefined;
  let afterShort = false;
  let closed = false;

  const dial = (): void => {
    let failure = "connection closed";
    let connectedMs = 0;
    const attempt = open(destination);
    socket = attempt;
    timer = clock.after(connectTimeoutMs, () =>
      attempt.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
    );
    attempt.on(isSecure(destination) ? "secureConnect" : "connect", () => {
      timer?.cancel();
      connectedMs = clock.now();
      attempt.setKeepAlive(true, idleBeforeKeepAliveMs);
      if (!reachability.connected) reachability.up();
    });
    attempt.on("error", (error) => {
      failure = error.message;
    });
    // Nothing is expected; reading is what notices the end.
    attempt.on("data", () => {});
    attempt.on("close", () => {
      timer?.cancel();
      if (closed) return;
      const wasShort = connectedMs > 0 && clock.now() - connectedMs < steadyMs;
      if (connectedMs === 0) reachability.down(failure);
      if (connectedMs === 0 || (wasShort && afterShort)) timer = clock.after(backoff.nextMs(), dial);
      else dial();
      if (connectedMs > 0 && !wasShort) backoff.reset();
      afterShort = wasShort;
    });
  };

  dial();
  return {
    close() {
      closed = true;
      timer?.cancel();
      socket?.destroy();
    },
  };
}

function isSecure(destination: Destination): boolean {
  return destination.origin.startsWith("https:");
}

function open(destination: Destination): Socket {
  const { hostname, port } = new URL(destination.origin);
  const host = hostname.replace(/^\[|\]$/g, "");
  if (!isSecure(destination)) return connect({ host, port: Number(port || 80) });
  // An address must not be sent as a server name (RFC 6066 §3).
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port: Number(port || 443), ...name, ...destination.tls });
}
