/** One HTTP/1.1 connection of a caller: its requests one after another, each answered before the next is read. */
import type { Socket } from "node:net";
import type { FieldLines, Peer } from "@tracemend/context";
import type { Deadline, Deadlines } from "../deadlines.ts";
import { LINGER_MS, breakOff } from "./connection-end.ts";
import { Http1Caller } from "./http1-caller.ts";
import { formatHead } from "./http1-lines.ts";
import { HEAD_TOO_LARGE } from "./message-reader.ts";
import { peerOf } from "./peer.ts";
import type { Caller, EngineSettings, RequestHead } from "./plane.ts";
import { refusalOf } from "./refusal.ts";
import type { RequestFrame } from "./request-frame.ts";
import type { RequestParserEvents } from "./request-parser.ts";
import { RequestParser } from "./request-parser.ts";
import type { RequestLine } from "./section-parser.ts";
import { identitiesOf } from "./secured.ts";
import { KEEP_ALIVE_MS, TCP, WEBSOCKET } from "./tunnel.ts";

/** What the connections of one listener share. */
export interface Http1Port {
  readonly settings: EngineSettings;
  readonly scheme: "http" | "https";
  readonly accept: (caller: Caller) => void;
  readonly deadlines: Deadlines<Http1Connection>;
  /** No connection is to be kept from now on. */
  readonly isClosing: () => boolean;
  /** What an answer says of a connection that is kept. */
  readonly kept: string;
}

const CLOSED = "Connection: close\r\n";

export class Http1Connection implements RequestParserEvents, Deadline {
  readonly peer: Peer;
  readonly identities: readonly string[] | undefined;
  deadlineMs: number;
  place = -1;
  readonly #socket: Socket;
  readonly #port: Http1Port;
  readonly #parser: RequestParser;
  /** The exchange that is open: its answer is not written yet. */
  #caller: Http1Caller | undefined;
  /** What was read and waits: for the body to be wanted, or for the answer before the next request. */
  #rest: Buffer | undefined;
  #parsing = false;
  /** The request was read to its end. */
  #complete = true;
  /** Its body is wanted now, or thrown away because its answer stands. */
  #flowing = false;
  /** Its body was wanted: its end is told, also while nothing more is. */
  #wanted = false;
  /** No request is read behind this one. */
  #last = false;
  #tunnel = false;
  /** Nothing is read any more: what comes is thrown away until the connection ends. */
  #over = false;
  #served = false;

  constructor(socket: Socket, port: Http1Port) {
    const { clock, limits, timeouts } = port.settings;
    this.#socket = socket;
    this.#port = port;
    this.#parser = new RequestParser(this, limits.headBytes);
    this.peer = peerOf(socket);
    this.identities = identitiesOf(socket);
    this.deadlineMs = clock.now() + timeouts.headMs;
    port.deadlines.add(this);
    socket.on("data", (bytes: Buffer) => this.read(bytes));
    socket.on("drain", () => this.#caller?.drained());
    socket.on("end", () => this.#end());
    // What went wrong is told by the end of the connection.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#closed());
  }

  read(bytes: Buffer): void {
    if (this.#over) return;
    if (this.#tunnel && this.#flowing) return this.#caller?.body(bytes);
    this.#rest = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#parse();
  }

  /** Ends it now where nothing is open, else with the answer. */
  drain(): void {
    if (this.#caller === undefined && this.#complete && this.#parser.fresh && !this.#over) this.close();
  }

  /** The lines of an answer that say whether another request may follow. */
  linesOf(last: boolean): string {
    return last ? CLOSED : this.#port.kept;
  }

  /** Whether the present answer is the last. */
  get isLast(): boolean {
    return this.#last || this.#port.isClosing();
  }

  /** Closes it once what is written has left. */
  close(): void {
    this.#over = true;
    this.#socket.destroySoon();
  }

  expired(): void {
    if (this.#over || !this.#complete) this.#socket.destroy();
    else if (!this.#parser.fresh) this.#refuse("slow-head", 408, "Request Timeout", "no whole head in time");
    else if (this.#served) this.close();
    else {
      this.#refused("slow-head", undefined, "no first bytes");
      this.#socket.destroy();
    }
  }

  head({ method, target, version }: RequestLine, lines: FieldLines, frame: RequestFrame): void {
    const { body, bodyBytes, violation } = frame;
    const upgrade = upgradeOf(method, version, frame);
    const { scheme, accept } = this.#port;
    const head: RequestHead = {
      method,
      target,
      version,
      scheme,
      authority: undefined,
      lines,
      proven: lines,
      body,
      bodyBytes,
      violation,
      upgrade,
    };
    this.#served = true;
    this.#complete = false;
    this.#flowing = false;
    this.#wanted = false;
    // Behind CONNECT, or an offer to leave HTTP, may come bytes that are no HTTP, whatever is answered.
    const leaves = method === "CONNECT" || upgrade !== undefined;
    this.#last = !frame.keep || violation !== undefined || leaves;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#caller = new Http1Caller(this, head, frame.expects);
    accept(this.#caller);
  }

  body(chunk: Uint8Array): void {
    this.#caller?.body(chunk);
  }

  ended(trailers: FieldLines): void {
    this.#complete = true;
    if (this.#wanted) this.#caller?.bodyEnded(trailers.length === 0 ? undefined : trailers);
  }

  pauseBody(): void {
    if (this.#tunnel) this.#socket.pause();
    else this.#flowing = false;
  }

  resumeBody(): void {
    this.#flowing = true;
    this.#wanted = true;
    if (!this.#tunnel) return this.#parse();
    const first = this.#rest;
    this.#rest = undefined;
    if (first !== undefined) this.#caller?.body(first);
    this.#socket.resume();
  }

  /** Latin-1 or bytes; false: enough for now. */
  write(chunk: string | Uint8Array): boolean {
    return typeof chunk === "string" ? this.#socket.write(chunk, "latin1") : this.#socket.write(chunk);
  }

  /** The end of an answer; `last`: of the connection too. */
  writeEnd(chunk: string | Uint8Array, last: boolean): void {
    this.#last ||= last;
    const caller = this.#caller;
    const done = (error?: Error | null): void => this.#answered(caller, error == null);
    if (typeof chunk === "string") this.#socket.write(chunk, "latin1", done);
    else this.#socket.write(chunk, done);
  }

  /** What is written meanwhile leaves in one packet where it fits. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  /** From now on each side ends for itself. */
  openTunnel(): void {
    this.#tunnel = true;
    this.#flowing = false;
    this.#socket.allowHalfOpen = true;
    this.#socket.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  finishTunnel(): void {
    this.#socket.end();
  }

  breakOff(): void {
    this.#over = true;
    breakOff(this.#socket);
  }

  #parse(): void {
    if (this.#parsing) return;
    this.#parsing = true;
    let at = 0;
    let bytes = this.#rest;
    while (bytes !== undefined && this.#isReady()) {
      at = this.#parser.feed(bytes, at);
      if (this.#parser.wrong !== undefined) break;
      if (at >= bytes.length) bytes = undefined;
    }
    this.#parsing = false;
    const { wrong } = this.#parser;
    if (wrong !== undefined) return this.#unreadable(wrong);
    this.#rest = at === 0 ? bytes : bytes?.subarray(at);
    if (this.#rest !== undefined) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
    if (this.#caller === undefined && this.#complete && !this.#parser.fresh) this.#beginHead();
  }

  #isReady(): boolean {
    if (this.#over || this.#tunnel) return false;
    return this.#complete ? this.#caller === undefined : this.#flowing;
  }

  /** Part of a head has come; more of it does not give it more time. */
  #beginHead(): void {
    const untilMs = this.#port.settings.clock.now() + this.#port.settings.timeouts.headMs;
    this.deadlineMs = Math.min(this.deadlineMs, untilMs);
  }

  #answered(caller: Http1Caller | undefined, whole: boolean): void {
    if (caller === undefined || this.#caller !== caller) return;
    this.#caller = undefined;
    const { clock, timeouts } = this.#port.settings;
    if (this.isLast) this.#finish();
    else {
      this.#flowing = true;
      this.deadlineMs = clock.now() + timeouts.keepAliveMs;
      if (this.#rest !== undefined || !this.#complete) setImmediate(() => this.#parse());
    }
    caller.closed(whole);
  }

  /** A connection that is closed while bytes wait in it is reset, and with it goes the answer. */
  #finish(): void {
    if (this.#complete && this.#rest === undefined) return this.close();
    this.#socket.end();
    this.#discard();
  }

  #discard(): void {
    this.#over = true;
    this.#rest = undefined;
    const { clock } = this.#port.settings;
    this.deadlineMs = clock.now() + LINGER_MS;
    if (this.place < 0) this.#port.deadlines.add(this);
    this.#socket.resume();
  }

  #unreadable(wrong: string): void {
    if (wrong !== HEAD_TOO_LARGE) return this.#refuse("malformed", 400, "Bad Request", wrong);
    this.#refuse("head-too-large", 431, "Request Header Fields Too Large", wrong);
  }

  /** There is no exchange to refuse, or one whose body cannot be read: then nothing else answers it. */
  #refuse(kind: "malformed" | "head-too-large" | "slow-head", status: number, reason: string, wrong: string): void {
    const caller = this.#caller;
    this.#caller = undefined;
    const silent = caller?.answered === true || !this.#socket.writable;
    this.#refused(kind, silent ? undefined : status, wrong);
    if (silent) this.breakOff();
    else {
      const text = `${reason.toLowerCase()}\n`;
      const lines = ["content-type", "text/plain; charset=utf-8", "content-length", String(text.length)];
      this.#socket.end(formatHead(status, reason, [...lines, "connection", "close"]) + text, "latin1");
      this.#discard();
    }
    caller?.closed(false);
  }

  #refused(kind: "malformed" | "head-too-large" | "slow-head", status: number | undefined, wrong: string): void {
    const { settings } = this.#port;
    settings.refused(refusalOf(settings, this.peer, kind, status, wrong));
  }

  #end(): void {
    if (this.#over) return;
    if (this.#tunnel) this.#caller?.bodyEnded(undefined);
    else if (this.#caller !== undefined || !this.#complete) this.#socket.destroy();
    else if (this.#parser.fresh) this.close();
    else this.#refuse("malformed", 400, "Bad Request", "a head without its end");
  }

  #closed(): void {
    this.#over = true;
    this.#port.deadlines.remove(this);
    const caller = this.#caller;
    this.#caller = undefined;
    caller?.closed(false);
  }
}

/** With a body, what one reader takes for it are the new protocol's first bytes to another. */
function upgradeOf(method: string, version: string, { body, upgrade }: RequestFrame): string | undefined {
  if (body !== "none") return undefined;
  if (method === "CONNECT") return TCP;
  return upgrade === WEBSOCKET && method === "GET" && version === "1.1" ? WEBSOCKET : undefined;
}
