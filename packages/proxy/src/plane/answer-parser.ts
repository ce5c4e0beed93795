/** The answers of an HTTP/1.1 upstream, one for each request that was sent. Pure; it never throws. */
import type { FieldLines } from "@tracemend/context";
import { readAnswerFrame } from "./answer-frame.ts";
import type { MessageEvents } from "./message-reader.ts";
import { MessageReader } from "./message-reader.ts";
import type { SectionText } from "./section-parser.ts";
import { readLines, readStatusLine } from "./section-parser.ts";

/** Told in this order: informed*, head, body*, ended. A chunk of a body is a view of the bytes that were fed. */
export interface AnswerParserEvents {
  /** Status 102 to 199. */
  informed(status: number, lines: FieldLines): void;
  /** `open`: body or trailers can follow; `chunked`: trailers can. 101 opens a tunnel: what follows is body. */
  head(status: number, reason: string, lines: FieldLines, open: boolean, chunked: boolean): void;
  body(chunk: Uint8Array): void;
  ended(trailers: FieldLines): void;
}

export class AnswerParser implements MessageEvents {
  readonly #events: AnswerParserEvents;
  readonly #reader: MessageReader;
  #method = "";
  #upgrade = false;
  #keep = true;
  #idleMs: number | undefined;
  #surplus = false;
  #wrong: string | undefined;

  /** `headBytes`: longest head, trailers, and chunk extensions of one answer. */
  constructor(events: AnswerParserEvents, headBytes: number) {
    this.#events = events;
    this.#reader = new MessageReader(this, headBytes, "HTTP/1.");
  }

  /** The next bytes answer a request of this method. */
  expect(method: string, upgrade: boolean): void {
    this.#method = method;
    this.#upgrade = upgrade;
    this.#keep = false;
    this.#reader.expect();
  }

  /** The next bytes are a tunnel's. */
  tunnel(): void {
    this.#keep = false;
    this.#reader.frame("until close");
  }

  /** Whether a byte of the present answer has been read. */
  get begun(): boolean {
    return !this.#reader.fresh;
  }

  /** Whether another request may follow on this connection: the answer has ended and nothing came behind it. */
  get reusable(): boolean {
    return this.#reader.idle && this.#keep && !this.#surplus;
  }

  /** How long the upstream said it keeps an idle connection. */
  get idleMs(): number | undefined {
    return this.#idleMs;
  }

  /** Gives what is wrong, where something is; nothing more is told then. */
  feed(bytes: Buffer): string | undefined {
    let at = 0;
    while (at < bytes.length && this.#wrong === undefined) {
      if (this.#reader.idle) return this.#beyond(at);
      at = this.#reader.feed(bytes, at);
      this.#wrong = this.#reader.wrong;
    }
    return this.#wrong;
  }

  /** The connection has ended. False where the answer had not. */
  end(): boolean {
    this.#reader.end();
    return this.#reader.idle;
  }

  head(text: SectionText): string | undefined {
    const first = readStatusLine(text);
    if (typeof first === "string") return first;
    const lines = readLines(text, first.length);
    if (typeof lines === "string") return lines;
    const { status, reason } = first;
    if (status < 200 && status !== 101) {
      this.#reader.expect();
      if (status !== 100) this.#events.informed(status, lines);
      return undefined;
    }
    if (status === 101) return this.#beginTunnel(reason, lines);
    const frame = readAnswerFrame(this.#method, status, first.minor, lines);
    if (typeof frame === "string") return frame;
    const { body } = frame;
    this.#keep = frame.keep;
    this.#idleMs = frame.idleMs;
    this.#reader.frame(body);
    this.#events.head(status, reason, lines, body !== 0, body === "chunked");
    return undefined;
  }

  body(chunk: Buffer): void {
    this.#events.body(chunk);
  }

  ended(trailers: FieldLines, behind: boolean): void {
    this.#surplus = behind;
    this.#events.ended(trailers);
  }

  #beginTunnel(reason: string, lines: FieldLines): string | undefined {
    if (!this.#upgrade) return "101 that no one asked for";
    this.#reader.frame("until close");
    this.#events.head(101, reason, lines, true, false);
    return undefined;
  }

  /** In one packet with the answer they cost the connection alone. */
  #beyond(at: number): string | undefined {
    this.#surplus = true;
    if (at === 0) this.#wrong = "bytes that answer nothing";
    return this.#wrong;
  }
}
