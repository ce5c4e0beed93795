/** The connections of a server, and which of them have work: an idle one must not hold up closing. */
import type { Server, Socket } from "node:net";

export interface Connections {
  /** The connection has work until the function returned is called; `socket` may be its TLS or HTTP/2 wrapper. */
  begin(socket: Peer): () => void;
  /** Destroys connections without work now, and every other as soon as its work ends. */
  closeIdle(): void;
  /** Destroys every connection. */
  cut(): void;
}

/** What names a connection through every wrapper. */
interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

const idleBeforeKeepAliveMs = 60_000;

interface Connection {
  readonly socket: Socket;
  work: number;
}

export function createConnections(server: Server): Connections {
  const open = new Map<string, Connection>();
  let closing = false;

  // Ahead of the server's own listener, which makes a session of the connection and so may begin work on it.
  server.prependListener("connection", (socket: Socket) => {
    const key = keyOf(socket);
    // A sender that vanished without a word would keep its connection for ever.
    socket.setKeepAlive(true, idleBeforeKeepAliveMs);
    open.set(key, { socket, work: 0 });
    socket.on("close", () => open.delete(key));
  });
  return {
    begin(socket) {
      const connection = open.get(keyOf(socket));
      if (connection === undefined) return () => {};
      connection.work += 1;
      return () => {
        connection.work -= 1;
        if (closing && connection.work === 0) connection.socket.destroySoon();
      };
    },
    closeIdle() {
      closing = true;
      for (const { socket, work } of open.values()) {
        if (work === 0) socket.destroy();
      }
    },
    cut() {
      for (const { socket } of open.values()) socket.destroy();
    },
  };
}

function keyOf(peer: Peer): string {
  return `${peer.remoteAddress ?? ""} ${peer.remotePort ?? 0}`;
}
