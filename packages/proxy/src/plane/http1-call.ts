/** One request to an HTTP/1.1 upstream and its answer, on one connection. */
import type { FieldLines } from "@tracemend/context";
import { fieldValue } from "@tracemend/context";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import { NO_ERROR } from "../reset.ts";
import { JOINED_BYTES, NO_LINES, areLines, formatLines, formatRequest, isIdempotent, latin1Of } from "./http1-lines.ts";
import type { Http1Wire, WireUser } from "./http1-wire.ts";
import type { Call, CallEvents, OutgoingHead } from "./plane.ts";
import { TCP } from "./tunnel.ts";

export interface Http1Calls {
  /** Told once of every call; `wire`: what it had of a connection, to be used again where that can be. */
  over(call: Http1Call, wire: Http1Wire | undefined): void;
}

export class Http1Call implements Call, WireUser {
  over = false;
  readonly #head: OutgoingHead;
  readonly #events: CallEvents;
  readonly #calls: Http1Calls;
  #wire: Http1Wire | undefined;
  /** The head as long as it has not left; undefined where it cannot be written. */
  #text: string | undefined;
  /** Bytes that `content-length` still promises. */
  #left: number;
  #tunnel = false;
  #sent = false;
  #answered = false;

  constructor(head: OutgoingHead, events: CallEvents, calls: Http1Calls) {
    this.#head = head;
    this.#events = events;
    this.#calls = calls;
    this.#tunnel = head.upgrade === TCP;
    this.#text = this.#tunnel ? "" : formatRequest(head);
    this.#left = head.body === "sized" ? Number(fieldValue(head.lines, "content-length")) : 0;
  }

  get isWritable(): boolean {
    return this.#text !== undefined;
  }

  start(wire: Http1Wire): void {
    const { body, method, upgrade } = this.#head;
    this.#wire = wire;
    if (this.#tunnel) return this.#connect(wire);
    wire.begin(this, method, upgrade !== undefined);
    this.#events.connected(wire.address, wire.port, wire.localPort, "http/1.1");
    if (this.over) return;
    if (body !== "none") return void setImmediate(flushHead, this);
    this.#sent = upgrade === undefined;
    this.flushHead();
  }

  /** Head and first chunk leave in one write where they come in one turn of the event loop. */
  flushHead(): void {
    const text = this.#text;
    if (this.over || text === undefined) return;
    this.#text = undefined;
    this.#wire?.write(text);
  }

  write(chunk: Uint8Array): boolean {
    const wire = this.#wire;
    if (wire === undefined || this.over || this.#sent || chunk.length === 0) return true;
    if (this.#tunnel) return wire.write(chunk);
    if (this.#head.body === "unsized") return this.#send(wire, `${chunk.length.toString(16)}\r\n`, chunk, "\r\n");
    this.#left -= chunk.length;
    if (this.#left >= 0) return this.#send(wire, "", chunk, "");
    // The bytes beyond the promised length would be the next request.
    this.#fail(failureOf("bad-request"));
    return true;
  }

  end(trailers: FieldLines | undefined): void {
    const wire = this.#wire;
    if (wire === undefined || this.over || this.#sent) return;
    if (trailers !== undefined && !areLines(trailers)) return this.#fail(failureOf("bad-request"));
    this.#sent = true;
    if (this.#tunnel) wire.finish();
    else if (this.#head.body === "unsized") wire.write(`${this.#takeText()}0\r\n${formatLines(trailers ?? [])}\r\n`);
    else if (this.#left > 0) return this.#fail(failureOf("bad-request"));
    if (this.#answered) this.#finish(wire);
  }

  pause(): void {
    this.#wire?.pause();
  }

  resume(): void {
    this.#wire?.resume();
  }

  cancel(code: number): void {
    if (this.over) return;
    if (this.#tunnel && code !== NO_ERROR) this.#wire?.breakOff();
    else this.#wire?.close();
    this.#finish(undefined);
  }

  /** Where no connection was had. */
  fail(failure: Failure): void {
    if (!this.over) this.#fail(failure);
  }

  informed(status: number, lines: FieldLines): void {
    this.#events.informed(status, lines);
  }

  head(status: number, reason: string, lines: FieldLines, open: boolean, chunked: boolean): void {
    this.#tunnel = status === 101;
    if (this.#tunnel) this.#wire?.openTunnel();
    // Declined: what comes behind the request has no reader.
    if (!this.#tunnel && this.#head.upgrade !== undefined) this.#sent = true;
    this.#events.answered({ status, reason, lines, proven: lines, open, trailers: chunked, last: false });
  }

  body(chunk: Uint8Array): void {
    this.#events.body(chunk);
  }

  ended(trailers: FieldLines): void {
    this.#answered = true;
    const wire = this.#wire;
    // Given back first: who is told may ask for it again.
    if (this.#sent && wire !== undefined) this.#finish(wire);
    this.#events.ended(trailers.length === 0 ? undefined : trailers);
  }

  drained(): void {
    this.#events.drained();
  }

  broken(failure: Failure, begun: boolean): void {
    const { body, method } = this.#head;
    const retry = !begun && this.#wire?.reused === true && body === "none" && isIdempotent(method);
    if (this.#answered) this.#finish(undefined);
    else this.#fail(failure.kind === "lost" ? failureOf("lost", { retry }) : failure);
  }

  /** The connection is all that was asked for. */
  #connect(wire: Http1Wire): void {
    wire.beginTunnel(this);
    this.#events.connected(wire.address, wire.port, wire.localPort, undefined);
    const head = { status: 200, reason: "Connection Established", lines: NO_LINES, open: true, trailers: false };
    if (!this.over) this.#events.answered({ ...head, last: false });
  }

  #fail(failure: Failure): void {
    this.cancel(NO_ERROR);
    this.#events.failed(failure);
  }

  #finish(wire: Http1Wire | undefined): void {
    this.over = true;
    this.#wire = undefined;
    wire?.leave();
    // A tunnel that both sides have ended closes once all is written.
    this.#calls.over(this, this.#tunnel ? undefined : wire);
  }

  #takeText(): string {
    const text = this.#text ?? "";
    this.#text = undefined;
    return text;
  }

  #send(wire: Http1Wire, before: string, chunk: Uint8Array, after: string): boolean {
    const lead = this.#takeText() + before;
    if (lead === "" && after === "") return wire.write(chunk);
    if (chunk.length <= JOINED_BYTES) return wire.write(lead + latin1Of(chunk) + after);
    return wire.writeAll(after === "" ? [lead, chunk] : [lead, chunk, after]);
  }
}

function flushHead(call: Http1Call): void {
  call.flushHead();
}
