/** A border with one tunnel, from `db.internal:5432` to a peer that says nothing by itself. */
import type { ProxyOptions } from "@tracemend/proxy";
import type { FakeClock } from "../support/clock.ts";
import { createFakeClock } from "../support/clock.ts";
import type { LenientConnection, LenientPeer } from "../support/lenient-peer.ts";
import { dialLenient, startLenientPeer } from "../support/lenient-peer.ts";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";

export const TUNNEL = "db.internal:5432";
export const CONNECT: string = `CONNECT ${TUNNEL} HTTP/1.1\r\nHost: ${TUNNEL}\r\n\r\n`;

export interface TunnelEnds {
  readonly caller: LenientConnection;
  readonly service: LenientConnection;
}

export interface TunnelRig {
  readonly peer: LenientPeer;
  readonly border: Border;
  readonly clock: FakeClock;
  /** Both ends of a tunnel, once it stands. */
  begin(bytes?: string): Promise<TunnelEnds>;
  close(): Promise<void>;
}

export async function openTunnels(options: Partial<ProxyOptions> = {}): Promise<TunnelRig> {
  const clock = createFakeClock();
  const peer = await startLenientPeer();
  const border = await openBorder(peer.url, { clock, routes: tunnelTo(`tcp://127.0.0.1:${peer.port}`), ...options });
  return {
    peer,
    border,
    clock,
    async begin(bytes = CONNECT) {
      const next = peer.next();
      const caller = await dialLenient(border.port);
      caller.send(bytes);
      const service = await next;
      await caller.until("\r\n\r\n");
      return { caller, service };
    },
    async close() {
      await border.close();
      await peer.close();
    },
  };
}

type Upstream = NonNullable<ProxyOptions["routes"][number]["upstream"]>;

export function tunnelTo(url: string, more: Partial<Upstream> = {}): ProxyOptions["routes"] {
  return [{ match: { authority: TUNNEL }, upstream: { name: "db", url, ...more } }];
}

/** A port that nobody listens on. */
export async function deadPort(): Promise<number> {
  const peer = await startLenientPeer();
  await peer.close();
  return peer.port;
}

/** What came through the tunnel, at either end. */
export function carried(received: string): string {
  return received.startsWith("HTTP/1.1 200 ") ? received.slice(received.indexOf("\r\n\r\n") + 4) : received;
}

export async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk.toString("latin1");
  return text;
}
