/** How a connection ends that is not simply closed. */
import type { Socket } from "node:net";

/** How long a caller that is told to go may take to read it. Closed at once, TCP would take the answer back. */
export const LINGER_MS = 1_000;

/** RST rather than FIN: a body that ends with its connection would look whole. A TLS caller misses the close alert. */
export function breakOff(socket: Socket): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}
