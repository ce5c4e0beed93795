/** Tells HTTP/2 with prior knowledge from HTTP/1.1 on one plaintext port. */
import type { Socket } from "node:net";

/** The preface begins `PRI * HTTP/2.0`; no method of HTTP/1.1 begins with these three letters. RFC 9113, section 3.4. */
const PREFACE = [0x50, 0x52, 0x49];

export type Spoken = "h2" | "http/1.1";

/** Undefined where the bytes so far fit both. Pure. */
export function readPreface(bytes: Uint8Array): Spoken | undefined {
  for (let at = 0; at < PREFACE.length; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    if (byte !== PREFACE[at]) return "http/1.1";
  }
  return "h2";
}

/** Reads as little as tells, and hands it over. A connection that ends or fails before that is nobody's. */
export function sniff(socket: Socket, decided: (spoken: Spoken, seen: Buffer) => void): void {
  let seen: Buffer | undefined;
  const onData = (chunk: Buffer): void => {
    seen = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
    const spoken = readPreface(seen);
    if (spoken === undefined) return;
    socket.pause();
    socket.off("data", onData).off("error", onEnd).off("end", onEnd);
    decided(spoken, seen);
  };
  const onEnd = (): void => {
    socket.destroy();
  };
  socket.on("data", onData).on("error", onEnd).on("end", onEnd);
}
