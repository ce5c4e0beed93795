/** Memory that a proxy takes for one connection that is idle, and for one request whose answer is awaited. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Running } from "./contenders.ts";
import type { Origin } from "./origin.ts";
import { memoryBytesOf } from "./process-cost.ts";
import type { Row } from "./rows.ts";

/** What a process takes once, whatever the number of connections, it has taken by then. */
const BEFORE = 500;
const CONNECTIONS = 1_000;
/** Asked at once; both numbers are whole times this. */
const TOGETHER = 20;

export interface Memory {
  readonly idleKib: number;
  readonly inFlightKib: number;
}

/**
 * `row`: what is asked, once on each connection before it is idle. Rejects where a connection is closed meanwhile, or it
 * takes longer than a minute.
 */
export async function measureMemory({ pid, ports }: Running, row: Row, origin: Origin): Promise<Memory> {
  const late = AbortSignal.timeout(60_000);
  const opened: Socket[] = [];
  const head = row.fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const ask = async (socket: Socket, path: string): Promise<void> => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: shop.example\r\n${head}\r\n`, "latin1");
    await Promise.race([once(socket, "data", { signal: late }), lost(socket)]);
  };
  const open = async (count: number): Promise<readonly Socket[]> => {
    const port = ports.http as number;
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      const some = Array.from({ length: TOGETHER }, () => connect({ host: "127.0.0.1", port, noDelay: true }));
      sockets.push(...some);
      opened.push(...some);
      await Promise.all(some.map((socket) => once(socket, "connect", { signal: late })));
      await Promise.all(some.map((socket) => ask(socket, row.path)));
    }
    return sockets;
  };
  try {
    await open(BEFORE);
    const before = memoryBytesOf(pid);
    const sockets = await open(CONNECTIONS);
    const idle = memoryBytesOf(pid);
    const answered = Promise.all(sockets.map((socket) => ask(socket, "/hold")));
    await Promise.race([origin.holds(CONNECTIONS), answered, once(late, "abort")]);
    late.throwIfAborted();
    const inFlight = memoryBytesOf(pid);
    origin.release();
    await answered;
    const each = (bytes: number): number => bytes / CONNECTIONS / 1024;
    return { idleKib: each(idle - before), inFlightKib: each(inFlight - idle) };
  } finally {
    origin.release();
    for (const socket of opened) socket.destroy();
  }
}

async function lost(socket: Socket): Promise<never> {
  await once(socket, "close");
  throw new Error("a connection was closed");
}
