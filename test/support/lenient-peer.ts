/** A peer without an HTTP implementation: sends exactly the bytes it is given and remembers exactly those it got. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface LenientConnection {
  readonly socket: Socket;
  /** Everything received so far, one character for each byte. */
  received(): string;
  send(bytes: string): void;
  /** Resolves with everything received once it contains `text`; rejects when the connection ends before. */
  until(text: string): Promise<string>;
  /** As `until`, once what was received satisfies the condition. */
  when(satisfied: (received: string) => boolean): Promise<string>;
  /** Resolves with everything received once the other side has closed. */
  readonly closed: Promise<string>;
}

export interface LenientPeer {
  readonly port: number;
  readonly url: string;
  /** Every connection in the order they came. */
  readonly connections: readonly LenientConnection[];
  /** The next connection that comes. */
  next(): Promise<LenientConnection>;
  close(): Promise<void>;
}

/** A server that answers nothing on its own. */
export async function startLenientPeer(): Promise<LenientPeer> {
  const connections: LenientConnection[] = [];
  let waiting: ((connection: LenientConnection) => void)[] = [];
  const server = createServer((socket) => {
    const connection = follow(socket);
    connections.push(connection);
    for (const resolve of waiting) resolve(connection);
    waiting = [];
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    connections,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const { socket } of connections) socket.destroy();
      }),
  };
}

/** A client that speaks whatever it is told to. */
export async function dialLenient(port: number): Promise<LenientConnection> {
  const socket = connect(port, "127.0.0.1");
  const connection = follow(socket);
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return connection;
}

function follow(socket: Socket): LenientConnection {
  let text = "";
  let ended = false;
  let watchers: (() => void)[] = [];
  const closed = Promise.withResolvers<string>();
  const wake = (): void => {
    for (const watch of watchers) watch();
  };
  const when = (satisfied: (received: string) => boolean, wanted: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        const done = satisfied(text);
        if (!done && !ended) return;
        watchers = watchers.filter((other) => other !== watch);
        if (done) resolve(text);
        else reject(new Error(`closed before ${wanted}; got ${JSON.stringify(text)}`));
      };
      watchers.push(watch);
      watch();
    });
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    wake();
  });
  socket.on("error", () => undefined);
  socket.once("close", () => {
    ended = true;
    wake();
    closed.resolve(text);
  });
  return {
    socket,
    received: () => text,
    send: (bytes) => void socket.write(bytes, "latin1"),
    until: (wanted) => when((received) => received.includes(wanted), JSON.stringify(wanted)),
    when: (satisfied) => when(satisfied, String(satisfied)),
    closed: closed.promise,
  };
}
