/** How a connection ends that is not simply closed. */
import type { Socket } from "node:net";
import type { Clock } from "../clock.ts";

/** How long a caller that is told to go may take to read it. Closed at once, TCP would take the answer back. */
export const LINGER_MS = 1_000;

/** RST rather than FIN: a body that ends with its connection would look whole. A TLS caller misses the close alert. */
export function breakOff(socket: Socket): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}

/** Turns of the event loop without a byte, after which nothing is left to be read of a connection that was reset. */
const QUIET_TURNS = 2;
const PAUSED_MS = 50;

/**
 * Who answers and closes while it is still sent to lets writing fail, and Node closes such a connection at once, with the
 * answer unread. Here it is read to the end first: all of it came before the reset. Without TLS only: there Node gives
 * nothing out any more.
 */
export function readOutAfterFailedWrite(socket: Socket, clock: Clock): void {
  const destroy = socket.destroy.bind(socket);
  let failed = false;
  const readOut = (error: Error | undefined, quietTurns: number, bytesBefore: number): void => {
    if (socket.destroyed) return;
    const { bytesRead } = socket;
    const quiet = bytesRead === bytesBefore ? quietTurns + 1 : 0;
    if (socket.isPaused()) clock.after(PAUSED_MS, () => readOut(error, 0, bytesRead));
    else if (quiet > QUIET_TURNS) destroy(error);
    else setImmediate(readOut, error, quiet, bytesRead);
  };
  socket.destroy = (error?: NodeJS.ErrnoException): Socket => {
    if (error?.syscall !== "write") return destroy(error);
    if (!failed) readOut(error, 0, socket.bytesRead);
    failed = true;
    return socket;
  };
}
