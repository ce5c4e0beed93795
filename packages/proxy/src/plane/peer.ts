/** Who a connection is from: the other end of it, or whom a load balancer in between has named. */
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { Peer } from "@tracemend/context";

/** On the socket itself: a weak table costs every collection. */
const PEER = Symbol("who the connection is from, as a trusted balancer says");

interface Named extends Duplex {
  [PEER]?: Peer;
}

export function keepPeer(socket: Socket, peer: Peer): void {
  (socket as Named)[PEER] = peer;
}

export function peerOf(socket: Socket): Peer {
  return (socket as Named)[PEER] ?? { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
}
