/**
 * The answers of an HTTP/1.1 upstream, read byte by byte as RFC 9112 has them and no more leniently: whatever two
 * readers could take differently is refused. Pure; it never throws.
 */
import type { FieldLines } from "@tracemend/context";
import type { SectionText } from "./section-parser.ts";
import { readLines, readStatusLine } from "./section-parser.ts";
import type { AnswerFrame } from "./answer-frame.ts";
import { readAnswerFrame } from "./answer-frame.ts";

/** Told in this order: informed*, head, body*, ended. A chunk of a body is a view of the bytes that were fed. */
export interface AnswerParserEvents {
  /** Status 102 to 199. */
  informed(status: number, lines: FieldLines): void;
  /** `open`: body or trailers can follow; `chunked`: trailers can. 101 opens a tunnel: what follows is body. */
  head(status: number, reason: string, lines: FieldLines, open: boolean, chunked: boolean): void;
  body(chunk: Uint8Array): void;
  ended(trailers: FieldLines): void;
}

const IDLE = 0;
const HEAD = 1;
const SIZED = 2;
const UNTIL_CLOSE = 3;
const CHUNK_SIZE = 4;
const CHUNK_EXTENSION = 5;
const CHUNK_LINE_END = 6;
const CHUNK_DATA = 7;
const CHUNK_DATA_CR = 8;
const CHUNK_DATA_LF = 9;
const TRAILERS = 10;
const TUNNEL = 11;
const BROKEN = 12;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SEMICOLON = 0x3b;

/** 52 bits: a longer number is no size. */
const SIZE_DIGITS = 13;

const LINE_END = Buffer.from("\r\n");
const SECTION_END = Buffer.from("\r\n\r\n");
const BEGINNING = Buffer.from("HTTP/1.");
const NOTHING = Buffer.alloc(0);

export class AnswerParser {
  readonly #events: AnswerParserEvents;
  readonly #headBytes: number;
  #state = IDLE;
  #method = "";
  #upgrade = false;
  #keep = true;
  #idleMs: number | undefined;
  #surplus = false;
  #wrong: string | undefined;
  /** What a head or trailers have come to so far, where they came in pieces. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;
  /** Bytes of the body or chunk that are still to come; of a chunk's size the digits read. */
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;

  /** `headBytes`: longest head, trailers, and chunk extensions of one answer. */
  constructor(events: AnswerParserEvents, headBytes: number) {
    this.#events = events;
    this.#headBytes = headBytes;
  }

  /** The next bytes answer a request of this method. */
  expect(method: string, upgrade: boolean): void {
    this.#state = HEAD;
    this.#method = method;
    this.#upgrade = upgrade;
    this.#keep = false;
    this.#heldBytes = 0;
    this.#extensionBytes = 0;
  }

  /** Whether a byte of the present answer has been read. */
  get begun(): boolean {
    return this.#state !== HEAD || this.#heldBytes > 0;
  }

  /** Whether another request may follow on this connection: the answer has ended and nothing came behind it. */
  get reusable(): boolean {
    return this.#state === IDLE && this.#keep && !this.#surplus;
  }

  /** How long the upstream said it keeps an idle connection. */
  get idleMs(): number | undefined {
    return this.#idleMs;
  }

  /** Gives what is wrong, where something is; nothing more is told then. */
  feed(bytes: Buffer): string | undefined {
    let at = 0;
    while (at < bytes.length && this.#wrong === undefined) at = this.#step(bytes, at);
    return this.#wrong;
  }

  /** The connection has ended. False where the answer had not. */
  end(): boolean {
    if (this.#state === UNTIL_CLOSE || this.#state === TUNNEL) this.#end(NO_TRAILERS);
    return this.#state === IDLE;
  }

  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case HEAD:
      case TRAILERS:
        return this.#readSection(bytes, at);
      case SIZED:
      case CHUNK_DATA:
        return this.#readSized(bytes, at);
      case UNTIL_CLOSE:
      case TUNNEL:
        this.#events.body(at === 0 ? bytes : bytes.subarray(at));
        return bytes.length;
      case CHUNK_DATA_CR:
        return bytes[at] === CR ? this.#go(CHUNK_DATA_LF, at + 1) : this.#fail("a chunk longer than its size");
      case CHUNK_DATA_LF:
        return bytes[at] === LF ? this.#beginChunk(at + 1) : this.#fail("a chunk longer than its size");
      case CHUNK_SIZE:
        return this.#readChunkSize(bytes, at);
      case CHUNK_EXTENSION:
        return this.#readExtension(bytes, at);
      case CHUNK_LINE_END:
        return bytes[at] === LF ? this.#endChunkLine(at + 1) : this.#fail("a chunk size without its line end");
      case IDLE:
        this.#surplus = true;
        return this.#fail("bytes that answer nothing");
      default:
        return bytes.length;
    }
  }

  #go(state: number, at: number): number {
    this.#state = state;
    return at;
  }

  #fail(wrong: string): number {
    this.#wrong = wrong;
    this.#state = BROKEN;
    return 0;
  }

  #readSection(bytes: Buffer, at: number): number {
    if (this.#heldBytes === 0) {
      const end = bytes.indexOf(SECTION_END, at);
      if (end >= 0) return this.#endSection(bytes, at, end, end + SECTION_END.length, bytes.length);
    }
    const before = this.#heldBytes;
    // One byte beyond the limit is enough to know.
    const taken = Math.min(bytes.length - at, this.#headBytes + 1 - before);
    this.#hold(bytes, at, at + taken);
    const held = this.#held.subarray(0, this.#heldBytes);
    const end = held.indexOf(SECTION_END, Math.max(0, before - SECTION_END.length + 1));
    if (end >= 0) {
      const next = at + end + SECTION_END.length - before;
      this.#heldBytes = 0;
      return this.#endSection(held, 0, end, next, bytes.length);
    }
    if (this.#heldBytes > this.#headBytes) return this.#fail("a head that is too large");
    if (hasBareLineFeed(held, before)) return this.#fail("a line that ends with a line feed alone");
    if (this.#state === HEAD && !agrees(held, BEGINNING)) return this.#fail("no status line");
    return bytes.length;
  }

  #hold(bytes: Buffer, from: number, to: number): void {
    const size = this.#heldBytes + to - from;
    if (this.#held.length < size) {
      const larger = Buffer.allocUnsafe(Math.max(size, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    bytes.copy(this.#held, this.#heldBytes, from, to);
    this.#heldBytes = size;
  }

  /** The section stands in `bytes` up to `end`; what comes behind it begins at `next` of `length` that were fed. */
  #endSection(bytes: Buffer, start: number, end: number, next: number, length: number): number {
    if (end - start > this.#headBytes) return this.#fail("a head that is too large");
    const text: SectionText = { bytes, start, text: bytes.toString("latin1", start, end + LINE_END.length) };
    if (this.#state === TRAILERS) {
      const lines = readLines(text, LINE_END.length);
      if (typeof lines === "string") return this.#fail(lines);
      this.#surplus = next < length;
      this.#end(lines);
      return length;
    }
    const first = readStatusLine(text);
    if (typeof first === "string") return this.#fail(first);
    const lines = readLines(text, first.length);
    if (typeof lines === "string") return this.#fail(lines);
    const { status, reason } = first;
    if (status < 200 && status !== 101) {
      if (status !== 100) this.#events.informed(status, lines);
      return next;
    }
    if (status === 101) return this.#beginTunnel(reason, lines, next);
    const frame = readAnswerFrame(this.#method, status, first.minor, lines);
    if (typeof frame === "string") return this.#fail(frame);
    return this.#beginBody(status, reason, lines, frame, next, length);
  }

  #beginTunnel(reason: string, lines: FieldLines, next: number): number {
    if (!this.#upgrade) return this.#fail("101 that no one asked for");
    this.#state = TUNNEL;
    this.#events.head(101, reason, lines, true, false);
    return next;
  }

  #beginBody(
    status: number,
    reason: string,
    lines: FieldLines,
    frame: AnswerFrame,
    next: number,
    length: number,
  ): number {
    this.#keep = frame.keep;
    this.#idleMs = frame.idleMs;
    if (frame.body === 0) {
      this.#surplus = next < length;
      this.#events.head(status, reason, lines, false, false);
      this.#end(NO_TRAILERS);
      return length;
    }
    if (frame.body === "chunked") this.#beginChunk(next);
    else if (frame.body === "until close") this.#state = UNTIL_CLOSE;
    else {
      this.#state = SIZED;
      this.#left = frame.body;
    }
    this.#events.head(status, reason, lines, true, frame.body === "chunked");
    return next;
  }

  #end(trailers: FieldLines): void {
    this.#state = IDLE;
    this.#events.ended(trailers);
  }

  #readSized(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.#events.body(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (this.#left > 0) return end;
    if (this.#state === CHUNK_DATA) return this.#go(CHUNK_DATA_CR, end);
    this.#surplus = end < bytes.length;
    this.#end(NO_TRAILERS);
    return bytes.length;
  }

  #beginChunk(at: number): number {
    this.#left = 0;
    this.#digits = 0;
    return this.#go(CHUNK_SIZE, at);
  }

  #readChunkSize(bytes: Buffer, at: number): number {
    for (; at < bytes.length; at += 1) {
      const code = bytes[at] as number;
      const digit = hexValue(code);
      if (digit < 0) {
        if (this.#digits === 0) return this.#fail("a chunk without a size");
        if (code === CR) return this.#go(CHUNK_LINE_END, at + 1);
        return code === SEMICOLON ? this.#go(CHUNK_EXTENSION, at + 1) : this.#fail("a chunk size that is no number");
      }
      this.#digits += 1;
      if (this.#digits > SIZE_DIGITS) return this.#fail("a chunk size that is no number");
      this.#left = this.#left * 16 + digit;
    }
    return at;
  }

  #readExtension(bytes: Buffer, at: number): number {
    for (; at < bytes.length; at += 1) {
      const code = bytes[at] as number;
      if (code === CR) return this.#go(CHUNK_LINE_END, at + 1);
      if ((code < 0x20 && code !== TAB) || code === 0x7f) return this.#fail("a control character in a chunk extension");
      this.#extensionBytes += 1;
      if (this.#extensionBytes > this.#headBytes) return this.#fail("chunk extensions that are too large");
    }
    return at;
  }

  #endChunkLine(at: number): number {
    if (this.#left > 0) return this.#go(CHUNK_DATA, at);
    this.#state = TRAILERS;
    this.#heldBytes = 0;
    // The line end of the last chunk counts as the first of the trailers: then theirs is always an empty line.
    if (at >= LINE_END.length) return at - LINE_END.length;
    this.#hold(LINE_END, 0, LINE_END.length);
    return at;
  }
}

const NO_TRAILERS: FieldLines = [];

/** Whether one is the beginning of the other. */
function agrees(bytes: Buffer, wanted: Buffer): boolean {
  const length = Math.min(bytes.length, wanted.length);
  return bytes.compare(wanted, 0, length, 0, length) === 0;
}

function hasBareLineFeed(bytes: Buffer, from: number): boolean {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1))
    if (at === 0 || bytes[at - 1] !== CR) return true;
  return false;
}

/** Negative where it is no digit. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
