/** HTTP/1.1 from callers: node:http requests as callers. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FieldLines, Peer } from "@tracemend/context";
import { fieldValue } from "@tracemend/context";
import type { Clock } from "../clock.ts";
import { exchangeClosed, exchangeOpened, markAnswering, markEnding, setLinger } from "./http1-connection.ts";
import { formatHead, toPairs } from "./http1-lines.ts";
import { LINGER_MS } from "./http1-refusal.ts";
import { peerOf } from "./peer.ts";
import type { AnswerHead, Caller, CallerEvents, RequestHead } from "./plane.ts";
import { identitiesOf } from "./secured.ts";

export interface Http1CallerOptions {
  readonly scheme: "http" | "https";
  /** The caller waits for 100 Continue. */
  readonly expects: boolean;
  readonly upgrade: string | undefined;
  /** No request can be read behind this one. */
  readonly last: boolean;
  /** Whether the connection is to be closed after the answer. */
  readonly closing: () => boolean;
  readonly clock: Clock;
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
  /** The answer ends the connection though the request has not ended. */
  #lingers = false;

  constructor(request: IncomingMessage, response: ServerResponse, options: Http1CallerOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    this.peer = peerOf(request.socket);
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
    const { socket } = request;
    exchangeOpened(request);
    if (options.last) markEnding(socket);
    response.once("close", () => {
      markAnswering(socket, false);
      exchangeClosed(socket);
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
    const { socket } = this.#request;
    const last = head.last || this.#options.last;
    markAnswering(socket, true);
    if (last) markEnding(socket);
    if (last || this.#options.closing()) response.shouldKeepAlive = false;
    this.#lingers = head.last && !this.#request.complete;
    const lines = head.lines as string[];
    if (head.reason === undefined) response.writeHead(head.status, lines);
    else response.writeHead(head.status, head.reason, lines);
    if (!head.open) return this.#end();
    const length = fieldValue(lines, "content-length");
    if (length !== undefined) this.#left = Number(length);
    process.nextTick(flushHead, this);
  }

  /** Head and first chunk leave in one write where they come in one turn. */
  flushHead(): void {
    if (this.#written || this.#response.destroyed) return;
    this.#written = true;
    this.#response.flushHeaders();
  }

  write(chunk: Uint8Array): boolean {
    const alone = this.#written;
    this.#written = true;
    if (chunk.length === this.#left && !this.#lingers) {
      this.#left = 0;
      if (alone || chunk.length > JOINED_BYTES) this.#response.end(chunk);
      else this.#response.end(latin1Of(chunk), "latin1");
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
    this.#end();
  }

  /** A connection that is closed while bytes of the request wait in it is reset, and with it goes the answer. */
  #end(): void {
    const request = this.#request;
    const response = this.#response;
    if (!this.#lingers) return void response.end();
    this.#lingers = false;
    const finish = (): void => {
      timer.cancel();
      response.end();
    };
    const timer = this.#options.clock.after(LINGER_MS, finish);
    setLinger(request.socket, finish);
    response.flushHeaders();
    request.removeAllListeners("data").once("end", finish).once("close", finish).resume();
  }

  reset(): void {
    breakOff(this.#request.socket);
  }
}

/** Head and body of text go to the system as one piece; of bytes, as two, which costs more than the copy up to here. */
const JOINED_BYTES = 8_192;

function latin1Of({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString("latin1");
}

function flushHead(caller: Http1Caller): void {
  caller.flushHead();
}

/** RST rather than FIN: a body that ends with its connection would look whole. A TLS caller misses the close alert. */
export function breakOff(socket: Socket): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}
