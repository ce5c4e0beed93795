/** Memory that a proxy takes for one connection that is idle, and for one request whose answer is awaited. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Running } from "./contenders.ts";
import type { Origin } from "./origin.ts";
import { memoryBytesOf } from "./process-cost.ts";
import type { Row } from "./rows.ts";

const CONNECTIONS = 1_000;

export interface Memory {
  readonly idleKib: number;
  readonly inFlightKib: number;
}

/** `row`: what is asked, once on each connection before it is idle. */
export async function measureMemory({ pid, ports }: Running, row: Row, origin: Origin): Promise<Memory> {
  const head = row.fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const ask = async (socket: Socket, path: string): Promise<void> => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: shop.example\r\n${head}\r\n`, "latin1");
    await once(socket, "data");
  };
  const port = ports.http as number;
  const before = memoryBytesOf(pid);
  const sockets = Array.from({ length: CONNECTIONS }, () => connect({ host: "127.0.0.1", port, noDelay: true }));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  for (const socket of sockets) await ask(socket, row.path);
  const idle = memoryBytesOf(pid);
  const answered = Promise.all(sockets.map((socket) => ask(socket, "/hold")));
  await origin.holds(CONNECTIONS);
  const inFlight = memoryBytesOf(pid);
  origin.release();
  await answered;
  for (const socket of sockets) socket.destroy();
  const each = (bytes: number): number => bytes / CONNECTIONS / 1024;
  return { idleKib: each(idle - before), inFlightKib: each(inFlight - idle) };
}
