/** Takes `100 Continue` that no request asked for out of what an upstream sends: undici would take it for a broken answer. */
import type { Socket } from "node:net";

/** Where the next bytes of a connection stand. */
export interface AnswerState {
  /** Nothing of the answer's head was read yet. */
  fresh: boolean;
}

const LINE = "HTTP/1.1 100";

/** RFC 9110, section 15.2: a client can be sent any of them, expected or not. `state.fresh` is set with every request. */
export function dropContinues(socket: Socket, state: AnswerState): void {
  const read = socket.read.bind(socket);
  let held: Buffer | undefined;
  socket.read = (size?: number): Buffer | null => {
    const chunk = read(size) as Buffer | null;
    if (chunk === null || !state.fresh) return chunk;
    let bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
    held = undefined;
    while (startsContinue(bytes)) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) {
        held = bytes;
        return socket.read(size) as Buffer | null;
      }
      bytes = bytes.subarray(end + 4);
    }
    if (bytes.length === 0) return socket.read(size) as Buffer | null;
    state.fresh = false;
    return bytes;
  };
}

/** Also where the bytes so far could become one. */
function startsContinue(bytes: Buffer): boolean {
  if (bytes.length === 0) return false;
  const seen = bytes.toString("latin1", 0, LINE.length);
  return LINE.startsWith(seen);
}
