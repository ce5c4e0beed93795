/** A caller over HTTP/1.1 that asked for WebSocket: a tunnel once the upstream agrees, else an answer like any other. */
import type { IncomingMessage } from "node:http";
import { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FieldLines, Peer } from "@tracemend/context";
import { fieldValue } from "@tracemend/context";
import { formatHead } from "./http1-lines.ts";
import type { Http1CallerOptions } from "./http1.ts";
import { Http1Caller, breakOff } from "./http1.ts";
import type { AnswerHead, Caller, CallerEvents, RequestHead } from "./plane.ts";
import { ACCEPT_FIELD, KEEP_ALIVE_MS, KEY_FIELD, acceptOf } from "./websocket.ts";

export class Http1Tunnel implements Caller {
  readonly head: RequestHead;
  readonly peer: Peer;
  readonly identities: readonly string[] | undefined;
  readonly #socket: Socket;
  readonly #plain: Http1Caller;
  readonly #response: ServerResponse;
  /** What came after the head before the upstream agreed. */
  readonly #first: Uint8Array;
  #events: CallerEvents | undefined;
  #open = false;
  #flowing = false;
  #ended = false;

  constructor(request: IncomingMessage, socket: Socket, first: Uint8Array, options: Http1CallerOptions) {
    this.#socket = socket;
    this.#first = first;
    this.#response = new ServerResponse(request);
    // node:http has left the connection: nothing could read a second request from it.
    this.#response.shouldKeepAlive = false;
    this.#response.assignSocket(socket);
    this.#plain = new Http1Caller(request, this.#response, options);
    this.head = this.#plain.head;
    this.peer = this.#plain.peer;
    this.identities = this.#plain.identities;
    socket.on("error", () => undefined);
    this.#response.once("finish", () => socket.end());
    socket.once("end", () => {
      if (!this.#open) socket.destroy();
    });
  }

  attach(events: CallerEvents): void {
    this.#events = events;
    this.#socket.once("close", () => {
      events.closed(this.#open ? this.#ended : this.#response.writableFinished);
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    const socket = this.#socket;
    if (!this.#open || this.#flowing) return void socket.resume();
    this.#flowing = true;
    if (this.#first.length > 0) socket.unshift(this.#first);
    socket.on("data", (chunk: Uint8Array) => this.#events?.body(chunk));
    socket.once("end", () => {
      this.#ended = true;
      this.#events?.bodyEnded(undefined);
    });
    socket.on("drain", () => this.#events?.drained());
  }

  inform(status: number, lines: FieldLines): void {
    this.#plain.inform(status, lines);
  }

  answer(head: AnswerHead): void {
    if (head.status !== 101) return this.#plain.answer(head);
    this.#open = true;
    this.#response.detachSocket(this.#socket);
    const lines = [...head.lines, "Connection", "Upgrade", "Upgrade", this.head.upgrade ?? ""];
    const key = fieldValue(this.head.lines, KEY_FIELD);
    if (key !== undefined && fieldValue(lines, ACCEPT_FIELD) === undefined)
      lines.push("Sec-WebSocket-Accept", acceptOf(key));
    this.#socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#socket.write(formatHead(101, head.reason ?? "Switching Protocols", lines), "latin1");
  }

  write(chunk: Uint8Array): boolean {
    return this.#open ? this.#socket.write(chunk) : this.#plain.write(chunk);
  }

  end(trailers: FieldLines | undefined): void {
    if (!this.#open) return this.#plain.end(trailers);
    this.#ended = true;
    this.#socket.end();
  }

  reset(): void {
    breakOff(this.#socket);
  }
}
