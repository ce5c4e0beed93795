/** Sends more than any caller in good faith would, and watches what it costs. */
import { once } from "node:events";
import type { LenientConnection } from "../support/lenient-peer.ts";

export interface Cost {
  /** Bytes that were sent before the connection ended or all was sent. */
  readonly sent: number;
  /** The most the process grew meanwhile, its own sending included. */
  readonly grownBytes: number;
}

/** Sends `piece` again and again, as fast as it is taken. A peer that has ended the connection is sent no more. */
export async function flood(caller: LenientConnection, piece: string, times: number): Promise<Cost> {
  const { socket } = caller;
  const before = process.memoryUsage.rss();
  const bytes = Buffer.from(piece, "latin1");
  let sent = 0;
  let most = before;
  for (let count = 0; count < times && socket.writable; count += 1) {
    sent += bytes.length;
    if (!socket.write(bytes)) await Promise.race([once(socket, "drain").catch(() => undefined), caller.closed]);
    most = Math.max(most, process.memoryUsage.rss());
  }
  return { sent, grownBytes: most - before };
}
