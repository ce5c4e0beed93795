/** An offer to leave HTTP/1.1 that is not taken up: the request is read once more, without it. RFC 9110, section 7.8. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { fieldValue, isField } from "@tracemend/context";
import { afterExchanges, isEnding, openExchanges } from "./http1-connection.ts";

/**
 * Nothing but its head: what follows is the next request's. Of one with a body node:http reads the body and drops what
 * came with its end.
 */
export function isBare({ rawHeaders: lines }: IncomingMessage): boolean {
  return fieldValue(lines, "transfer-encoding") === undefined && (fieldValue(lines, "content-length") ?? "0") === "0";
}

/**
 * node:http has left the connection, its parser with it. `first`: what came behind the request. `again`: reads requests
 * from the connection as from a new one; called once the answers to those before are written.
 */
export function readAgain(request: IncomingMessage, socket: Socket, first: Uint8Array, again: () => void): void {
  const run = (): void => {
    socket.off("error", ignore);
    if (isEnding(socket)) return void socket.destroy();
    // node:http sets these with every parser, and takes only its others away.
    socket.removeAllListeners("resume").removeAllListeners("pause").setTimeout(0);
    if (first.length > 0) socket.unshift(first);
    socket.unshift(headOf(request), "latin1");
    again();
  };
  socket.on("error", ignore);
  if (openExchanges(socket) === 0) run();
  else afterExchanges(socket, run);
}

function headOf({ method, url, httpVersion, rawHeaders: lines }: IncomingMessage): string {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at + 1 < lines.length; at += 2)
    if (!isField(lines[at] as string, "upgrade")) head += `${lines[at]}: ${lines[at + 1]}\r\n`;
  return `${head}\r\n`;
}

function ignore(): void {
  // A connection that breaks while it waits tells the exchanges that are open on it.
}
