/** One exchange's caller over HTTP/1.1: its answer as it goes on the wire. */
import { STATUS_CODES } from "node:http";
import type { FieldLines, Peer } from "@tracemend/context";
import { fieldValue } from "@tracemend/context";
import type { Http1Connection } from "./http1-connection.ts";
import { JOINED_BYTES, areLines, formatHead, formatLines, latin1Of } from "./http1-lines.ts";
import type { AnswerHead, Caller, CallerEvents, RequestHead } from "./plane.ts";
import { TCP, opensTunnel } from "./tunnel.ts";
import { ACCEPT_FIELD, KEY_FIELD, acceptOf } from "./websocket.ts";

/** Behind the head nothing is written; as many bytes as it says; chunks; whatever comes until the connection ends. */
type Body = "none" | "sized" | "chunked" | "until close";

export class Http1Caller implements Caller {
  readonly head: RequestHead;
  readonly #connection: Http1Connection;
  #expects: boolean;
  #events: CallerEvents | undefined;
  /** The head of the answer as long as it has not left. */
  #text = "";
  #body: Body = "none";
  /** Bytes that `content-length` still promises. */
  #left = 0;
  #answered = false;
  #written = false;
  #tunnel = false;
  /** Sides of the tunnel that have ended. */
  #ends = 0;
  #last = false;

  constructor(connection: Http1Connection, head: RequestHead, expects: boolean) {
    this.#connection = connection;
    this.head = head;
    this.#expects = expects;
  }

  get peer(): Peer {
    return this.#connection.peer;
  }

  get identities(): readonly string[] | undefined {
    return this.#connection.identities;
  }

  /** A part of its answer has left or will. */
  get answered(): boolean {
    return this.#answered;
  }

  attach(events: CallerEvents): void {
    this.#events = events;
  }

  pause(): void {
    this.#connection.pauseBody();
  }

  resume(): void {
    if (this.#expects && !this.#answered) this.#connection.write(CONTINUE);
    this.#expects = false;
    this.#connection.resumeBody();
  }

  inform(status: number, lines: FieldLines): void {
    // RFC 9110, section 15.2: none to an HTTP/1.0 caller.
    if (this.head.version !== "1.0") this.#connection.write(formatHead(status, "", lines));
  }

  answer(head: AnswerHead): void {
    const { status, reason = STATUS_CODES[status] ?? "", lines } = head;
    if (!areLines(lines, head.proven)) throw new TypeError("a field of the answer cannot stand on the wire");
    this.#answered = true;
    if (opensTunnel(this.head.upgrade, status)) return this.#agree(status, reason, lines);
    const { method, version } = this.head;
    const bare = method === "HEAD" || status === 204 || status === 304;
    const length = bare ? undefined : fieldValue(lines, "content-length");
    let own = "";
    if (bare) this.#body = "none";
    else if (length !== undefined) {
      this.#body = "sized";
      this.#left = Number(length);
    } else if (!head.open) own = "Content-Length: 0\r\n";
    else if (version === "1.0") this.#body = "until close";
    else {
      this.#body = "chunked";
      own = "Transfer-Encoding: chunked\r\n";
    }
    // A caller that was not told to go on may send the body or leave it out: what comes next could be either.
    this.#last = head.last || this.#expects || this.#body === "until close" || this.#connection.isLast;
    own += this.#connection.linesOf(this.#last);
    this.#text = `HTTP/1.1 ${status} ${reason}\r\n${formatLines(lines)}${own}\r\n`;
    if (head.open) process.nextTick(flushHead, this);
    else this.#writeEnd("");
  }

  /** Head and first chunk leave in one write where they come in one turn. */
  flushHead(): void {
    if (this.#text !== "") this.#connection.write(this.#takeText());
  }

  write(chunk: Uint8Array): boolean {
    if (this.#tunnel) return this.#connection.write(chunk);
    if (this.#written) return true;
    if (this.#body === "none" || chunk.length === 0) return true;
    if (this.#body === "chunked") return this.#send(`${chunk.length.toString(16)}\r\n`, chunk, "\r\n", false);
    if (this.#body === "until close") return this.#send("", chunk, "", false);
    this.#left -= chunk.length;
    if (this.#left >= 0) return this.#send("", chunk, "", this.#left === 0);
    // The bytes beyond the promised length would be the next answer.
    this.#connection.breakOff();
    return true;
  }

  end(trailers: FieldLines | undefined): void {
    if (this.#tunnel) {
      this.#ends += 1;
      return this.#connection.finishTunnel();
    }
    if (this.#written) return;
    if (this.#left > 0 || (trailers !== undefined && !areLines(trailers))) return this.#connection.breakOff();
    this.#writeEnd(this.#body === "chunked" ? `0\r\n${formatLines(trailers ?? [])}\r\n` : "");
  }

  reset(): void {
    this.#connection.breakOff();
  }

  body(chunk: Uint8Array): void {
    this.#events?.body(chunk);
  }

  bodyEnded(trailers: FieldLines | undefined): void {
    if (this.#tunnel) this.#ends += 1;
    this.#events?.bodyEnded(trailers);
  }

  drained(): void {
    this.#events?.drained();
  }

  /** `whole`: the answer was handed to the operating system to its end. */
  closed(whole: boolean): void {
    const events = this.#events;
    this.#events = undefined;
    this.#written = true;
    events?.closed(this.#tunnel ? this.#ends > 0 : whole);
  }

  #agree(status: number, reason: string, lines: FieldLines): void {
    this.#tunnel = true;
    this.#connection.openTunnel();
    this.#connection.write(formatHead(status, reason, this.head.upgrade === TCP ? lines : this.#upgraded(lines)));
  }

  #upgraded(lines: FieldLines): FieldLines {
    const agreed = [...lines, "Connection", "Upgrade", "Upgrade", this.head.upgrade ?? ""];
    const key = fieldValue(this.head.lines, KEY_FIELD);
    if (key !== undefined && fieldValue(lines, ACCEPT_FIELD) === undefined)
      agreed.push("Sec-WebSocket-Accept", acceptOf(key));
    return agreed;
  }

  #takeText(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  #send(before: string, chunk: Uint8Array, after: string, end: boolean): boolean {
    const connection = this.#connection;
    const lead = this.#takeText() + before;
    if (chunk.length <= JOINED_BYTES) {
      const text = lead + latin1Of(chunk) + after;
      if (!end) return connection.write(text);
      this.#writeEnd(text);
      return true;
    }
    connection.cork();
    if (lead !== "") connection.write(lead);
    let room = true;
    if (end) this.#writeEnd(chunk);
    else room = connection.write(chunk);
    if (after !== "") room = connection.write(after);
    connection.uncork();
    return room;
  }

  #writeEnd(chunk: string | Uint8Array): void {
    this.#written = true;
    const whole = typeof chunk === "string" ? this.#takeText() + chunk : chunk;
    this.#connection.writeEnd(whole, this.#last);
  }
}

const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

function flushHead(caller: Http1Caller): void {
  caller.flushHead();
}
