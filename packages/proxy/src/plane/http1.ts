/** HTTP/1.1 from callers: node:http requests as callers. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FieldLines, Peer } from "@tracemend/context";
import { fieldValue } from "@tracemend/context";
import { formatHead, toPairs } from "./http1-lines.ts";
import type { AnswerHead, Caller, CallerEvents, RequestHead } from "./plane.ts";
import { identitiesOf } from "./secured.ts";

export interface Http1CallerOptions {
  readonly scheme: "http" | "https";
  /** The caller waits for 100 Continue. */
  readonly expects: boolean;
  readonly upgrade: string | undefined;
  /** Whether the connection is to be closed after the answer. */
  readonly closing: () => boolean;
}

export class Http1Caller implements Caller {
  readonly head: RequestHead;
  readonly peer: Peer;
  readonly identities: readonly string[] | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: Http1CallerOptions;
  #events: CallerEvents | undefined;
  #flowing = false;
  #wanted = false;
  #written = false;
  /** Bytes that `content-length` still promises; -1 where it promised none. */
  #left = -1;

  constructor(request: IncomingMessage, response: ServerResponse, options: Http1CallerOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    const { remoteAddress = "", remotePort = 0 } = request.socket;
    this.peer = { address: remoteAddress, port: remotePort };
    this.identities = identitiesOf(request.socket);
    this.head = {
      method: request.method ?? "",
      target: request.url ?? "",
      version: request.httpVersion,
      scheme: options.scheme,
      authority: undefined,
      lines: request.rawHeaders,
      ended: false,
      upgrade: options.upgrade,
    };
    response.sendDate = false;
    const socket: Connection = request.socket;
    response.once("close", () => {
      socket[ANSWERING] = false;
      // A head that left before the listener closed promised to keep the connection: it is idle now and nobody ends it.
      if (options.closing()) socket.end();
      this.#events?.closed(response.writableFinished);
    });
  }

  attach(events: CallerEvents): void {
    this.#events = events;
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    const request = this.#request;
    if (this.#flowing) return void request.resume();
    this.#flowing = true;
    if (this.#options.expects && !this.#response.headersSent) this.#response.writeContinue();
    request.on("data", (chunk: Uint8Array) => this.#events?.body(chunk));
    request.once("end", () => {
      const { rawTrailers } = request;
      this.#events?.bodyEnded(rawTrailers.length === 0 ? undefined : rawTrailers);
    });
  }

  inform(status: number, lines: FieldLines): void {
    // RFC 9110, section 15.2: none to an HTTP/1.0 caller. A response without a socket waits behind another's.
    const { socket } = this.#response;
    if (socket !== null && this.head.version !== "1.0") socket.write(formatHead(status, "", lines), "latin1");
  }

  answer(head: AnswerHead): void {
    const response = this.#response;
    const socket: Connection = this.#request.socket;
    socket[ANSWERING] = true;
    if (head.last) socket[ENDING] = true;
    if (head.last || this.#options.closing()) response.shouldKeepAlive = false;
    const lines = head.lines as string[];
    if (head.reason === undefined) response.writeHead(head.status, lines);
    else response.writeHead(head.status, head.reason, lines);
    if (!head.open) return void response.end();
    const length = fieldValue(lines, "content-length");
    if (length !== undefined) this.#left = Number(length);
    process.nextTick(flushHead, this);
  }

  /** Head and first chunk leave in one write where they come in one turn. */
  flushHead(): void {
    if (!this.#written && !this.#response.destroyed) this.#response.flushHeaders();
  }

  write(chunk: Uint8Array): boolean {
    this.#written = true;
    if (chunk.length === this.#left) {
      this.#left = 0;
      this.#response.end(chunk);
      return true;
    }
    this.#left -= chunk.length;
    if (this.#response.write(chunk)) return true;
    if (!this.#wanted) {
      this.#wanted = true;
      this.#response.on("drain", () => this.#events?.drained());
    }
    return false;
  }

  end(trailers: FieldLines | undefined): void {
    this.#written = true;
    const response = this.#response;
    if (response.writableEnded) return;
    if (trailers !== undefined && response.chunkedEncoding) response.addTrailers(toPairs(trailers));
    response.end();
  }

  reset(): void {
    breakOff(this.#request.socket);
  }
}

/** What is known of a connection beyond one request. On the socket itself: a weak table costs every collection. */
const ANSWERING = Symbol("an answer is under way: nothing else may be written");
const ENDING = Symbol("its last request is answered");

interface Connection extends Socket {
  [ANSWERING]?: boolean;
  [ENDING]?: boolean;
}

/** node:http goes on to parse what came with a request whose answer closes the connection. */
export function isEnding(socket: Socket): boolean {
  return (socket as Connection)[ENDING] === true;
}

/** Bytes that are no HTTP/1.1, or too many of them: there is no exchange to refuse, only a connection to end. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || (socket as Connection)[ANSWERING] === true) return void socket.destroy();
  const [status, reason] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [431, "Request Header Fields Too Large"]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "Request Timeout"]
        : [400, "Bad Request"];
  const text = `${reason.toLowerCase()}\n`;
  const lines = ["content-type", "text/plain; charset=utf-8", "content-length", String(text.length)];
  socket.end(formatHead(status, reason, [...lines, "connection", "close"]) + text, "latin1");
}

function flushHead(caller: Http1Caller): void {
  caller.flushHead();
}

/** RST rather than FIN: a body that ends with its connection would look whole. A TLS caller misses the close alert. */
export function breakOff(socket: Socket): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}
