/** The requests of an HTTP/1.1 caller, one behind the other. Pure; it never throws. */
import type { FieldLines } from "@tracemend/context";
import type { MessageEvents } from "./message-reader.ts";
import { MessageReader } from "./message-reader.ts";
import type { RequestFrame } from "./request-frame.ts";
import { readRequestFrame } from "./request-frame.ts";
import type { RequestLine, SectionText } from "./section-parser.ts";
import { readLines, readRequestLine } from "./section-parser.ts";

/** Told in this order: head, body*, ended. A chunk of a body is a view of the bytes that were fed. */
export interface RequestParserEvents {
  head(line: RequestLine, lines: FieldLines, frame: RequestFrame): void;
  body(chunk: Uint8Array): void;
  ended(trailers: FieldLines): void;
}

const LF = 0x0a;
const CR = 0x0d;

/** Empty lines that may come between two requests; RFC 9112, section 2.2 wants at least one to be let pass. */
const MOST_EMPTY_BYTES = 4;

export class RequestParser implements MessageEvents {
  readonly #events: RequestParserEvents;
  readonly #reader: MessageReader;
  #emptyBytes = 0;

  /** `headBytes`: longest head, trailers, and chunk extensions of one request. */
  constructor(events: RequestParserEvents, headBytes: number) {
    this.#events = events;
    this.#reader = new MessageReader(this, headBytes, undefined);
    this.#reader.expect();
  }

  /** No byte of the next head has come. */
  get fresh(): boolean {
    return this.#reader.fresh;
  }

  /** What is wrong, where something is; nothing more is told then. */
  get wrong(): string | undefined {
    return this.#reader.wrong;
  }

  /** Reads on from `at` and gives where it stopped: behind a head, behind a request, or behind all that was fed. */
  feed(bytes: Buffer, at: number): number {
    if (this.#reader.fresh) at = this.#skipEmpty(bytes, at);
    return this.#reader.feed(bytes, at);
  }

  head(text: SectionText): string | undefined {
    const line = readRequestLine(text);
    if (typeof line === "string") return line;
    const lines = readLines(text, line.length);
    if (typeof lines === "string") return lines;
    const frame = readRequestFrame(lines, line.version);
    this.#reader.frame(frame.body === "unsized" ? "chunked" : frame.bodyBytes);
    this.#events.head(line, lines, frame);
    return undefined;
  }

  body(chunk: Buffer): void {
    this.#events.body(chunk);
  }

  ended(trailers: FieldLines): void {
    this.#emptyBytes = 0;
    this.#reader.expect();
    this.#events.ended(trailers);
  }

  #skipEmpty(bytes: Buffer, at: number): number {
    for (; this.#emptyBytes < MOST_EMPTY_BYTES; this.#emptyBytes += 1, at += 1)
      if (bytes[at] !== (this.#emptyBytes % 2 === 0 ? CR : LF)) break;
    return at;
  }
}
