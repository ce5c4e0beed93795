/** Bytes that are no HTTP/1.1, or too many of them: there is no exchange to refuse, only a connection to end. */
import type { Socket } from "node:net";
import {
  afterExchanges,
  endLinger,
  isAnswering,
  isReadingBody,
  markEnding,
  markRefused,
  openExchanges,
} from "./http1-connection.ts";
import { formatHead } from "./http1-lines.ts";
import { peerOf } from "./peer.ts";
import type { EngineSettings, Refusal, RefusalKind } from "./plane.ts";

/** How long a caller that is told to go may take to read it. Closed at once, TCP would take the answer back. */
export const LINGER_MS = 1_000;

interface Told {
  readonly kind: RefusalKind;
  readonly status: number;
  readonly reason: string;
}

const MALFORMED: Told = { kind: "malformed", status: 400, reason: "Bad Request" };

const TOLD: Readonly<Record<string, Told>> = {
  HPE_HEADER_OVERFLOW: { kind: "head-too-large", status: 431, reason: "Request Header Fields Too Large" },
  ERR_HTTP_REQUEST_TIMEOUT: { kind: "slow-head", status: 408, reason: "Request Timeout" },
};

/**
 * The answer is for the bytes that could not be read, so it comes behind the answers to what was read before them. A
 * request whose own body cannot be read has no other answer.
 */
export function refuseConnection(settings: EngineSettings, error: NodeJS.ErrnoException, socket: Socket): void {
  // What comes behind a request that ends its connection is no one's business.
  if (error.code === "HPE_CLOSED_CONNECTION" || endLinger(socket) || !markRefused(socket)) return;
  const code = error.code ?? "";
  const { kind, status, reason } = TOLD[code] ?? MALFORMED;
  // Anything else is a connection that broke.
  const wrong = code.startsWith("HPE_") || code in TOLD;
  const open = openExchanges(socket);
  const torn = open > 1 && isReadingBody(socket);
  const silent = !wrong || !socket.writable || torn || (isAnswering(socket) && isReadingBody(socket));
  if (wrong) settings.refused(refusalOf(settings, socket, kind, silent ? undefined : status, code));
  if (silent) return void socket.destroy();
  const tell = (): void => refuse(settings, socket, status, reason);
  if (open === 0 || isReadingBody(socket)) return tell();
  markEnding(socket);
  afterExchanges(socket, tell);
}

function refuse(settings: EngineSettings, socket: Socket, status: number, reason: string): void {
  if (!socket.writable) return;
  const text = `${reason.toLowerCase()}\n`;
  const lines = ["content-type", "text/plain; charset=utf-8", "content-length", String(text.length)];
  socket.end(formatHead(status, reason, [...lines, "connection", "close"]) + text, "latin1");
  const timer = settings.clock.after(LINGER_MS, () => socket.destroy());
  socket.once("close", () => timer.cancel());
}

export function refusalOf(
  settings: EngineSettings,
  socket: Socket,
  kind: RefusalKind,
  status: number | undefined,
  detail: string,
): Refusal {
  return { kind, peer: peerOf(socket), status, detail, atMs: settings.clock.now() };
}
