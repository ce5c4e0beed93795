/** Keeps one idle TCP connection to an HTTP destination, so that its loss is known before anything has to be sent. */
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Clock, Timer } from "../clock.ts";
import type { Reachability } from "../reachability.ts";
import { createBackoff } from "./backoff.ts";

export interface Probe {
  close(): void;
}

const connectTimeoutMs = 5_000;
const idleBeforeKeepAliveMs = 30_000;
/** A peer that closes idle connections is connected to again no more often than this. */
const leastLifeMs = 1_000;

/**
 * A lost connection is made again at once, and only the failure of that makes the destination unreachable: HTTP servers
 * close idle connections as a matter of course.
 */
export function createProbe(origin: string, reachability: Reachability, clock: Clock, random: () => number): Probe {
  const { hostname, port, protocol } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, "");
  const backoff = createBackoff(random);
  let socket: Socket | undefined;
  let timer: Timer | undefined;
  let closed = false;

  const dial = (): void => {
    let failure = "connection closed";
    let connectedMs = 0;
    const attempt = connect({ host, port: Number(port || (protocol === "https:" ? 443 : 80)) });
    socket = attempt;
    timer = clock.after(connectTimeoutMs, () =>
      attempt.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
    );
    attempt.on("connect", () => {
      timer?.cancel();
      connectedMs = clock.now();
      attempt.setKeepAlive(true, idleBeforeKeepAliveMs);
      backoff.reset();
      reachability.up();
    });
    attempt.on("error", (error) => {
      failure = error.message;
    });
    // Nothing is expected; reading is what notices the end.
    attempt.on("data", () => {});
    attempt.on("close", () => {
      timer?.cancel();
      if (closed) return;
      if (connectedMs === 0) reachability.down(failure);
      const livedMs = clock.now() - connectedMs;
      const waitMs = connectedMs === 0 ? backoff.nextMs() : Math.max(0, leastLifeMs - livedMs);
      if (waitMs === 0) dial();
      else timer = clock.after(waitMs, dial);
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
