/** Connections that come through a load balancer: each begins with a PROXY header, before TLS and before HTTP. */
import type { Socket } from "node:net";
import type { Peer } from "@tracemend/context";
import { refusalOf } from "./refusal.ts";
import { keepPeer, peerOf } from "./peer.ts";
import type { EngineSettings, ProxyProtocol } from "./plane.ts";
import { readProxyHeader } from "./proxy-header.ts";

export interface Proxied {
  /** `taken` is told once the header is read; a connection without one is ended. */
  take(socket: Socket, taken: () => void): void;
  /** TLS over a connection that was taken is from the same peer. */
  pass(secured: Socket): void;
  /** Ends those whose header has not come. */
  destroy(): void;
}

/** `secure`: TLS reads from below the socket once it is taken. */
export function createProxied(
  { trusts, timeoutMs }: ProxyProtocol,
  settings: EngineSettings,
  secure: boolean,
): Proxied {
  const pending = new Set<Socket>();
  // Nothing public leads from a TLS socket to the one below it; both tell the same other end.
  const peers = new Map<string, Peer>();
  const refuse = (socket: Socket, detail: string): void => {
    settings.refused(refusalOf(settings, peerOf(socket), "proxy-header", undefined, detail));
    socket.destroy();
  };
  const name = (socket: Socket, peer: Peer): void => {
    const end = endOf(socket);
    keepPeer(socket, peer);
    peers.set(end, peer);
    socket.once("close", () => peers.delete(end));
  };
  return {
    take(socket, taken) {
      if (!trusts(socket.remoteAddress ?? "")) return refuse(socket, "not from a trusted address");
      let seen: Buffer | undefined;
      const decide = (): void => {
        timer.cancel();
        pending.delete(socket);
        socket.off("data", read).off("error", drop).off("end", drop).off("close", decide);
      };
      const drop = (): void => void socket.destroy();
      const read = (chunk: Buffer): void => {
        seen = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
        const header = readProxyHeader(seen);
        if (header.kind === "incomplete") return;
        decide();
        if (header.kind === "malformed") return refuse(socket, header.text);
        socket.pause();
        if (header.peer !== undefined) name(socket, header.peer);
        if (seen.length > header.bytes) socket.unshift(seen.subarray(header.bytes));
        taken();
        if (!secure) socket.resume();
      };
      const timer = settings.clock.after(timeoutMs, () => {
        decide();
        refuse(socket, "no header in time");
      });
      pending.add(socket);
      socket.on("data", read).on("error", drop).on("end", drop).on("close", decide);
    },
    pass(secured) {
      const peer = peers.get(endOf(secured));
      if (peer !== undefined) keepPeer(secured, peer);
    },
    destroy() {
      for (const socket of pending) socket.destroy();
    },
  };
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
