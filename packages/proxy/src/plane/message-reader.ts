/**
 * The bytes of HTTP/1.1 messages, one behind the other, read as RFC 9112 has them and no more leniently: whatever two
 * readers could take differently is refused. What a head means is its owner's. Pure; it never throws.
 */
import type { FieldLines } from "@tracemend/context";
import { findField } from "@tracemend/context";
import type { SectionText } from "./section-parser.ts";
import { isNameByte, readLines } from "./section-parser.ts";

/** Bytes, 0 where the message ends with its head. */
export type BodyFrame = number | "chunked" | "until close";

/** Told in this order: head, body*, ended. A chunk of a body is a view of the bytes that were fed. */
export interface MessageEvents {
  /** A whole head: says `frame` or, where another head follows first, `expect`. A text: what is wrong with it. */
  head(text: SectionText): string | undefined;
  body(chunk: Buffer): void;
  /** `behind`: the bytes that were fed go on behind the message. */
  ended(trailers: FieldLines, behind: boolean): void;
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
const BROKEN = 11;

const LF = 0x0a;
const CR = 0x0d;
const SEMICOLON = 0x3b;

/** 52 bits: a longer number is no size. */
const SIZE_DIGITS = 13;

/** Source: RFC 9112, section 7.1.1. */
const EXTENSIONS =
  /^(?:;[ \t]*[!#$%&'*+.^_`|~\w-]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+.^_`|~\w-]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"))?[ \t]*)+$/;

const LINE_END = Buffer.from("\r\n");
const SECTION_END = Buffer.from("\r\n\r\n");
const NOTHING = Buffer.alloc(0);
const NO_TRAILERS: FieldLines = [];

export class MessageReader {
  readonly #events: MessageEvents;
  readonly #headBytes: number;
  /** What every head begins with; undefined where any token may stand there. */
  readonly #beginning: Buffer | undefined;
  #state = IDLE;
  #stopped = false;
  #wrong: string | undefined;
  /** What a head or trailers have come to so far, where they came in pieces. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;
  /** Bytes of the body or chunk that are still to come; of a chunk's size the digits read. */
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;

  /** `headBytes`: longest head, trailers, and chunk extensions of one message. */
  constructor(events: MessageEvents, headBytes: number, beginning: string | undefined) {
    this.#events = events;
    this.#headBytes = headBytes;
    this.#beginning = beginning === undefined ? undefined : Buffer.from(beginning);
  }

  /** The next bytes are a head. */
  expect(): void {
    this.#state = HEAD;
    this.#held = NOTHING;
    this.#heldBytes = 0;
    this.#extensionBytes = 0;
  }

  /** What the body behind the present head is; told within `head`. */
  frame(body: BodyFrame): void {
    if (body === "chunked") this.#beginChunk(0);
    else if (body === "until close") this.#state = UNTIL_CLOSE;
    else {
      this.#state = body === 0 ? IDLE : SIZED;
      this.#left = body;
    }
  }

  /** Neither a head that is waited for, nor one that has begun, nor its body. */
  get idle(): boolean {
    return this.#state === IDLE;
  }

  /** A head is waited for, and no byte of it has come. */
  get fresh(): boolean {
    return this.#state === HEAD && this.#heldBytes === 0;
  }

  /** What is wrong, where something is; nothing more is told then. */
  get wrong(): string | undefined {
    return this.#wrong;
  }

  /** Reads on from `at` and gives where it stopped: behind a head, behind a message, or behind all that was fed. */
  feed(bytes: Buffer, at: number): number {
    this.#stopped = false;
    while (at < bytes.length && !this.#stopped) at = this.#step(bytes, at);
    return at;
  }

  /** The connection has ended, and with it a message that nothing else ends. */
  end(): void {
    if (this.#state === UNTIL_CLOSE) this.#end(NO_TRAILERS, false);
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
      default:
        this.#stopped = true;
        return at;
    }
  }

  #go(state: number, at: number): number {
    this.#state = state;
    return at;
  }

  #fail(wrong: string): number {
    this.#wrong = wrong;
    this.#state = BROKEN;
    this.#stopped = true;
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
    if (this.#heldBytes > this.#headBytes) return this.#fail(HEAD_TOO_LARGE);
    if (hasBareLineFeed(held, before)) return this.#fail("a line that ends with a line feed alone");
    if (this.#state === HEAD && !this.#canBegin(held)) return this.#fail(NO_BEGINNING);
    return bytes.length;
  }

  #canBegin(held: Buffer): boolean {
    return this.#beginning === undefined ? isNameByte(held[0] as number) : agrees(held, this.#beginning);
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
    if (end - start > this.#headBytes) return this.#fail(HEAD_TOO_LARGE);
    const text: SectionText = { bytes, start, text: bytes.toString("latin1", start, end + LINE_END.length) };
    this.#stopped = true;
    if (this.#state === TRAILERS) {
      const lines = readLines(text, LINE_END.length);
      if (typeof lines === "string") return this.#fail(lines);
      if (framesAgain(lines)) return this.#fail("trailers that say where the body ends");
      this.#end(lines, next < length);
      return next;
    }
    const wrong = this.#events.head(text);
    if (wrong !== undefined) return this.#fail(wrong);
    if (this.#state === IDLE) this.#end(NO_TRAILERS, next < length);
    return next;
  }

  #end(trailers: FieldLines, behind: boolean): void {
    this.#state = IDLE;
    this.#stopped = true;
    this.#events.ended(trailers, behind);
  }

  #readSized(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.#events.body(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (this.#left > 0) return end;
    if (this.#state === CHUNK_DATA) return this.#go(CHUNK_DATA_CR, end);
    this.#end(NO_TRAILERS, end < bytes.length);
    return end;
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
        return code === SEMICOLON ? this.#go(CHUNK_EXTENSION, at) : this.#fail("a chunk size that is no number");
      }
      this.#digits += 1;
      if (this.#digits > SIZE_DIGITS) return this.#fail("a chunk size that is no number");
      this.#left = this.#left * 16 + digit;
    }
    return at;
  }

  /** Nobody asks for them: they are read only so that a line that is none is noticed. */
  #readExtension(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(CR, at);
    const next = end < 0 ? bytes.length : end;
    this.#extensionBytes += next - at;
    if (this.#extensionBytes > this.#headBytes) return this.#fail("chunk extensions that are too large");
    this.#hold(bytes, at, next);
    if (end < 0) return next;
    const text = this.#held.toString("latin1", 0, this.#heldBytes);
    this.#heldBytes = 0;
    return EXTENSIONS.test(text) ? this.#go(CHUNK_LINE_END, next + 1) : this.#fail("a chunk extension that is none");
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

export const HEAD_TOO_LARGE = "a head that is too large";

/** The first bytes are those of no message of this kind. */
const NO_BEGINNING = "no first line of HTTP/1.1";

/** RFC 9110, section 6.5.1: a reader that takes them up would see another end. */
function framesAgain(trailers: FieldLines): boolean {
  return findField(trailers, "content-length") >= 0 || findField(trailers, "transfer-encoding") >= 0;
}

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
