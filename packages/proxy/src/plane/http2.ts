/** HTTP/2 from callers: node:http2 streams as callers, resets mapped to what they mean. */
import { performServerHandshake } from "node:http2";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { FieldLines, Peer } from "@tracemend/context";
import type { Deadline } from "../deadlines.ts";
import { createDeadlines } from "../deadlines.ts";
import { NO_ERROR } from "../reset.ts";
import { fieldValue, findField } from "@tracemend/context";
import { LINGER_MS } from "./connection-end.ts";
import type { Fields } from "./http2-lines.ts";
import { pseudoEnd, toFields, withoutPseudo } from "./http2-lines.ts";
import { END_STREAM, SESSION_WINDOW_BYTES, sessionOptions } from "./http2-settings.ts";
import { peerOf } from "./peer.ts";
import type { AnswerHead, Caller, CallerEvents, EngineSettings, RequestHead } from "./plane.ts";
import { identitiesOf } from "./secured.ts";
import { TCP, WEBSOCKET, opensTunnel } from "./tunnel.ts";
import { ACCEPT_FIELD, KEY_FIELD, acceptOf, newKey, without } from "./websocket.ts";

/** The HTTP/2 sessions of one listener. */
export interface Http2Sessions {
  /** Takes over a connection whose first bytes or ALPN said HTTP/2. */
  take(socket: Socket): void;
  /** Sends GOAWAY on each; what is open goes on. */
  drain(): void;
  destroy(): void;
}

export function createHttp2(
  settings: EngineSettings,
  scheme: "http" | "https",
  accept: (caller: Caller) => void,
): Http2Sessions {
  const options = sessionOptions(settings, settings.limits.streams);
  const sessions = new Set<ServerHttp2Session>();
  const { clock, timeouts } = settings;
  const idle = createDeadlines<Idle>(clock, Math.ceil(Math.min(timeouts.headMs, timeouts.keepAliveMs) / 4));
  return {
    take(socket) {
      const peer = peerOf(socket);
      const identities = identitiesOf(socket);
      // A session does not look at the end of what it reads: nobody else would end a connection whose caller is gone.
      socket.allowHalfOpen = false;
      const session = performServerHandshake(socket, options);
      sessions.add(session);
      session.setLocalWindowSize(SESSION_WINDOW_BYTES);
      const end = (): void => {
        session.close();
        // A session that was closed keeps its connection until the caller closes it too.
        const timer = clock.after(LINGER_MS, () => socket.destroy());
        socket.once("close", () => timer.cancel());
      };
      const waiting = new Idle(end, clock.now() + timeouts.headMs);
      idle.add(waiting);
      session.once("close", () => {
        sessions.delete(session);
        idle.remove(waiting);
      });
      session.on("error", (error: NodeJS.ErrnoException & { errno?: number }) => {
        const kind = isFlood(error) ? "flood" : "http2-error";
        settings.refused({ kind, peer, status: undefined, detail: error.message, atMs: clock.now() });
      });
      session.on("stream", (stream, _headers, flags, raw: FieldLines) => {
        waiting.opened();
        stream.once("close", () => waiting.closed(clock.now() + timeouts.keepAliveMs));
        accept(new Http2Caller(stream, raw, (flags & END_STREAM) !== 0, scheme, peer, identities));
      });
    },
    drain() {
      for (const session of sessions) session.close();
    },
    destroy() {
      for (const session of sessions) session.destroy();
    },
  };
}

/** A session without streams. What it sends does not count: a caller could keep it with PINGs or half a head. */
class Idle implements Deadline {
  deadlineMs: number;
  place = -1;
  readonly expired: () => void;
  #open = 0;

  constructor(expired: () => void, deadlineMs: number) {
    this.expired = expired;
    this.deadlineMs = deadlineMs;
  }

  opened(): void {
    this.#open += 1;
    this.deadlineMs = Number.POSITIVE_INFINITY;
  }

  closed(deadlineMs: number): void {
    this.#open -= 1;
    if (this.#open === 0) this.deadlineMs = deadlineMs;
  }
}

/** nghttp2's NGHTTP2_ERR_FLOODED and NGHTTP2_ERR_TOO_MANY_SETTINGS. */
function isFlood({ errno, code }: NodeJS.ErrnoException): boolean {
  return errno === -904 || errno === -536 || code === "ERR_HTTP2_TOO_MANY_INVALID_FRAMES";
}

function ignore(): void {
  // Every stream of the session tells its own end.
}

class Http2Caller implements Caller {
  readonly head: RequestHead;
  readonly peer: Peer;
  readonly identities: readonly string[] | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #ended: boolean;
  #events: CallerEvents | undefined;
  #flowing = false;
  #wanted = false;
  #finished = false;
  /** After it both sides send for as long as they like, and each ends for itself. */
  #tunnel = false;
  #requestTrailers: FieldLines | undefined;
  #answerTrailers: FieldLines | undefined;

  constructor(
    stream: ServerHttp2Stream,
    raw: FieldLines,
    ended: boolean,
    scheme: "http" | "https",
    peer: Peer,
    identities: readonly string[] | undefined,
  ) {
    this.#stream = stream;
    this.#ended = ended;
    this.peer = peer;
    this.identities = identities;
    this.head = readHead(raw, ended, scheme);
    stream.on("error", ignore);
  }

  attach(events: CallerEvents): void {
    this.#events = events;
    this.#stream.on("trailers", (_fields, _flags, raw: FieldLines) => {
      this.#requestTrailers = raw;
    });
    this.#stream.once("close", () => {
      const { writableFinished, rstCode } = this.#stream;
      // nghttp2 closes a stream that both sides have ended before node:http2 tells that our end was written. A caller that
      // gives up, or a connection that is lost, leaves a code.
      events.closed(this.#finished && (writableFinished || rstCode === NO_ERROR));
    });
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    const stream = this.#stream;
    if (this.#flowing) return void stream.resume();
    this.#flowing = true;
    if (findField(this.head.lines, "expect") >= 0 && !stream.headersSent) stream.additionalHeaders({ ":status": 100 });
    stream.on("data", (chunk: Uint8Array) => this.#events?.body(chunk));
    // A body without a byte ends as it comes, whether anyone reads it or not.
    if (stream.readableEnded) process.nextTick(() => this.#bodyEnded());
    else stream.once("end", () => this.#bodyEnded());
  }

  /** A reset with NO_ERROR ends the readable side like END_STREAM does; only it closes the stream. */
  #bodyEnded(): void {
    if (!this.#stream.closed) this.#events?.bodyEnded(this.#requestTrailers);
  }

  inform(status: number, lines: FieldLines): void {
    if (!this.#stream.closed) this.#stream.additionalHeaders(toFields(lines, status));
  }

  answer(head: AnswerHead): void {
    const stream = this.#stream;
    if (stream.closed || stream.destroyed) return;
    const options = { endStream: !head.open, waitForTrailers: head.open && head.trailers, sendDate: false };
    stream.respond(this.head.upgrade === undefined ? toFields(head.lines, head.status) : this.#agree(head), options);
    if (!head.open) return this.#finish();
    this.#tunnel = opensTunnel(this.head.upgrade, head.status);
    if (head.trailers) stream.once("wantTrailers", () => this.#sendTrailers());
  }

  /** Throws where the answer would be taken for a tunnel and is none, or none that was asked for. */
  #agree({ status, lines }: AnswerHead): Fields {
    if (status >= 300 || this.head.upgrade === TCP) return toFields(lines, status);
    const accept = fieldValue(lines, ACCEPT_FIELD);
    const key = fieldValue(this.head.lines, KEY_FIELD) ?? "";
    if (status !== 101 || (accept !== undefined && accept !== acceptOf(key))) throw new Error("no tunnel");
    return toFields(without(lines, ACCEPT_FIELD), 200);
  }

  write(chunk: Uint8Array): boolean {
    if (this.#stream.write(chunk)) return true;
    if (!this.#wanted) {
      this.#wanted = true;
      this.#stream.on("drain", () => this.#events?.drained());
    }
    return false;
  }

  end(trailers: FieldLines | undefined): void {
    this.#answerTrailers = trailers;
    this.#stream.end();
    this.#finish();
  }

  reset(code: number): void {
    this.#stream.close(code);
  }

  #sendTrailers(): void {
    const trailers = this.#answerTrailers;
    // Without any, node:http2 ends the stream with an empty DATA frame.
    this.#stream.sendTrailers(trailers === undefined ? {} : toFields(trailers));
  }

  #finish(): void {
    this.#finished = true;
    if (!this.#ended && !this.#tunnel) setImmediate(stopCaller, this.#stream);
  }
}

const RETRY_MS = 20;

/**
 * RFC 9113, section 8.1: whoever answered in full before the request ended asks the caller to stop sending. Only once
 * END_STREAM is on its way: nghttp2 drops what still waits on a stream that is reset.
 */
function stopCaller(stream: ServerHttp2Stream): void {
  if (stream.closed || stream.destroyed || stream.readableEnded) return;
  if (stream.state.localClose === 1) stream.close(NO_ERROR);
  else setTimeout(stopCaller, RETRY_MS, stream).unref();
}

function readHead(raw: FieldLines, ended: boolean, scheme: "http" | "https"): RequestHead {
  let method = "";
  let target = "";
  let authority: string | undefined;
  let protocol: string | undefined;
  const end = pseudoEnd(raw);
  for (let at = 0; at < end; at += 2) {
    const value = raw[at + 1] as string;
    if (raw[at] === ":method") method = value;
    else if (raw[at] === ":path") target = value;
    else if (raw[at] === ":authority") authority = value;
    else if (raw[at] === ":protocol") protocol = value;
  }
  const lines = withoutPseudo(raw);
  const length = fieldValue(lines, "content-length");
  // nghttp2 has made sure that it is a number.
  const bodyBytes = ended ? 0 : Number(length ?? 0);
  const body = ended ? "none" : length === undefined ? "unsized" : "sized";
  const shared = { target, version: "2", scheme, authority, violation: undefined };
  // With a length, what is a body to one reader are the tunnel's first bytes to another.
  if (method === "CONNECT" && protocol === undefined && length === undefined)
    return { ...shared, method, target: authority ?? "", lines, body: "none", bodyBytes: 0, upgrade: TCP };
  if (method !== "CONNECT" || protocol !== WEBSOCKET || body !== "unsized")
    return { ...shared, method, lines, body, bodyBytes, upgrade: undefined };
  const keyed = [...without(lines, KEY_FIELD), KEY_FIELD, newKey()];
  return { ...shared, method: "GET", lines: keyed, body: "none", bodyBytes: 0, upgrade: protocol };
}
