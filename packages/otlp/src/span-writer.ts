/** Writes spans of our own field by field into one OTLP request: nothing is made for a span but its bytes. */

import { type Batch, batchOf } from "./batch.ts";
import { type Attributes, type Scope, writeAttributes, writeId, writeScope, writeValue } from "./encode-records.ts";
import type { AttributeName, FixedAttributes, SpanKind, SpanLinkRecord, SpanPen, StatusCode } from "./span-pen.ts";
import { writeHex } from "./wire/hex.ts";
import { highNanos, lowNanos } from "./wire/nanos.ts";
import { writeUtf8 } from "./wire/utf8.ts";
import { varintBytes, Writer } from "./wire/writer.ts";

const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
const statusCodes = { unset: 0, ok: 1, error: 2 } as const;

/** Tags by what they lead to, number and wire type in one byte. */
const RESOURCE_SPANS = 0x0a;
const SCOPE_SPANS = 0x12;
const SPAN = 0x12;
const TRACE_ID = 0x0a;
const SPAN_ID = 0x12;
const TRACESTATE = 0x1a;
const PARENT_ID = 0x22;
const NAME = 0x2a;
const KIND = 0x30;
const START = 0x39;
const END = 0x41;
const ATTRIBUTE = 0x4a;
/** Of two bytes. */
const FLAGS = [0x85, 0x01] as const;
const STRING_VALUE = 0x0a;
const BOOL_VALUE = 0x10;
const INT_VALUE = 0x18;

/** The length of a span takes so many bytes, but for one that is very short or long. */
const LENGTH_BYTES = 2;

export interface SpanWriterOptions {
  /** Memory that is kept to write in; it becomes more where more is written. Default 1 024. */
  readonly bytes?: number;
  /**
   * Writes the UTF-8 of a text into `bytes` from `pos` on, an unpaired surrogate as U+FFFD, and gives where it ends; what
   * the runtime has for it is faster with all but short texts.
   */
  readonly writeText?: (bytes: Uint8Array, pos: number, text: string) => number;
}

/** Up to so many characters a call costs as much as writing one by one. */
const SHORT_TEXT = 16;
const SHORT_COPY = 12;
/** A character of a text, which may be half of a pair, takes at most so many bytes. */
const CHARACTER_BYTES = 3;
/** Tags and lengths around the value of an attribute. */
const AROUND_VALUE = 24;

/** A pen that writes until `finish` gives away what was written. */
export class SpanWriter implements SpanPen {
  readonly #resource: Uint8Array;
  readonly #scope: Uint8Array;
  readonly #writeText: NonNullable<SpanWriterOptions["writeText"]>;
  #bytes: Uint8Array;
  #pos = 0;
  /** Where the fields of the present span begin, and where the last whole one ends. */
  #start = 0;
  #end = 0;
  #spans = 0;

  constructor(resource: Attributes, scope: Scope, options: SpanWriterOptions = {}) {
    this.#resource = encodeResource(resource);
    this.#scope = encodeScope(scope);
    this.#writeText = options.writeText ?? writeUtf8;
    this.#bytes = new Uint8Array(options.bytes ?? 1_024);
  }

  /** Spans that are whole. */
  get spans(): number {
    return this.#spans;
  }

  /**
   * One request with the spans that are whole; it shares no memory with what is written next. `allocate` gives memory of
   * at least so many bytes, of whatever content; default: new memory.
   */
  finish(allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes)): Batch {
    const spansBytes = this.#end;
    const scopeBytes = this.#scope.length + spansBytes;
    const resourceBytes = this.#resource.length + fieldBytes(scopeBytes);
    const requestBytes = fieldBytes(resourceBytes);
    const request = allocate(requestBytes).subarray(0, requestBytes);
    let pos = writeHead(request, 0, RESOURCE_SPANS, resourceBytes);
    request.set(this.#resource, pos);
    pos = writeHead(request, pos + this.#resource.length, SCOPE_SPANS, scopeBytes);
    request.set(this.#scope, pos);
    request.set(this.#bytes.subarray(0, spansBytes), pos + this.#scope.length);
    const spans = this.#spans;
    this.#end = this.#spans = 0;
    return batchOf("traces", [request], spans);
  }

  /** Throws TypeError, as all that take an id do, for one that is not hexadecimal or not of its length. */
  open(traceId: string, spanId: string): void {
    this.#pos = this.#end;
    this.#room(1 + LENGTH_BYTES + 28);
    this.#bytes[this.#pos] = SPAN;
    this.#pos += 1 + LENGTH_BYTES;
    this.#start = this.#pos;
    this.#id(TRACE_ID, "traceId", traceId, 16);
    this.#id(SPAN_ID, "spanId", spanId, 8);
  }

  tracestate(value: string): void {
    this.#string(TRACESTATE, value);
  }

  parent(spanId: string): void {
    this.#room(10);
    this.#id(PARENT_ID, "parentSpanId", spanId, 8);
  }

  what(name: string, kind: SpanKind, startMs: number, endMs: number): void {
    this.#string(NAME, name);
    this.#room(20);
    this.#bytes[this.#pos++] = KIND;
    this.#bytes[this.#pos++] = kinds[kind];
    this.#time(START, startMs);
    this.#time(END, endMs);
  }

  text(name: AttributeName, value: string): void {
    this.#room(name.bytes.length + AROUND_VALUE + CHARACTER_BYTES * value.length);
    const start = this.#pos;
    // Nearly every text is ASCII; of another the size is known once it is written.
    for (let size = value.length; ;) {
      this.#attribute(name, fieldBytes(size));
      const pos = writeHead(this.#bytes, this.#pos, STRING_VALUE, size);
      this.#pos = this.#write(pos, value);
      if (this.#pos === pos + size) return;
      size = this.#pos - pos;
      this.#pos = start;
    }
  }

  number(name: AttributeName, value: number): void {
    if (value < 0 || !Number.isSafeInteger(value)) {
      const writer = new Writer(16);
      writeValue(writer, value);
      this.#room(name.bytes.length + AROUND_VALUE);
      this.#attribute(name, writer.length);
      return this.#copy(writer.finish());
    }
    this.#room(name.bytes.length + AROUND_VALUE);
    this.#attribute(name, 1 + varintBytes(value));
    this.#bytes[this.#pos++] = INT_VALUE;
    this.#pos = writeVarint(this.#bytes, this.#pos, value);
  }

  flag(name: AttributeName, value: boolean): void {
    this.#room(name.bytes.length + AROUND_VALUE);
    this.#attribute(name, 2);
    this.#bytes[this.#pos++] = BOOL_VALUE;
    this.#bytes[this.#pos++] = value ? 1 : 0;
  }

  fixed({ bytes }: FixedAttributes): void {
    this.#put(bytes);
  }

  link(link: SpanLinkRecord): void {
    const writer = new Writer();
    writeLink(writer, link);
    this.#put(writer.finish());
  }

  status(code: StatusCode, message?: string): void {
    const writer = new Writer(16);
    writer.varintField(3, statusCodes[code]);
    if (message !== undefined) writer.stringField(2, message);
    writer.wrap(15, 0);
    this.#put(writer.finish());
  }

  flags(bits: number): void {
    this.#room(6);
    this.#bytes[this.#pos++] = FLAGS[0];
    this.#bytes[this.#pos++] = FLAGS[1];
    this.#fixed32(bits);
  }

  close(): void {
    const size = this.#pos - this.#start;
    const more = varintBytes(size) - LENGTH_BYTES;
    if (more !== 0) {
      this.#room(more);
      this.#bytes.copyWithin(this.#start + more, this.#start, this.#pos);
    }
    writeVarint(this.#bytes, this.#start - LENGTH_BYTES, size);
    this.#end = this.#pos + more;
    this.#spans++;
  }

  #string(tag: number, value: string): void {
    this.#room(AROUND_VALUE + CHARACTER_BYTES * value.length);
    for (let size = value.length; ;) {
      const pos = writeHead(this.#bytes, this.#pos, tag, size);
      const end = this.#write(pos, value);
      if (end === pos + size) return void (this.#pos = end);
      size = end - pos;
    }
  }

  #write(pos: number, text: string): number {
    return text.length > SHORT_TEXT ? this.#writeText(this.#bytes, pos, text) : writeUtf8(this.#bytes, pos, text);
  }

  #id(tag: number, what: string, id: string, size: number): void {
    const pos = writeHead(this.#bytes, this.#pos, tag, size);
    if (id.length !== 2 * size || !writeHex(this.#bytes, pos, id))
      throw new TypeError(`${what}: not ${2 * size} hexadecimal digits: ${id}`);
    this.#pos = pos + size;
  }

  #time(tag: number, ms: number): void {
    this.#bytes[this.#pos++] = tag;
    this.#fixed32(lowNanos(ms));
    this.#fixed32(highNanos(ms));
  }

  #fixed32(value: number): void {
    const bytes = this.#bytes;
    const pos = this.#pos;
    bytes[pos] = value;
    bytes[pos + 1] = value >>> 8;
    bytes[pos + 2] = value >>> 16;
    bytes[pos + 3] = value >>> 24;
    this.#pos = pos + 4;
  }

  /** Everything of an attribute up to its value. */
  #attribute({ bytes }: AttributeName, valueBytes: number): void {
    const size = bytes.length + varintBytes(valueBytes) + valueBytes;
    this.#pos = writeHead(this.#bytes, this.#pos, ATTRIBUTE, size);
    this.#copy(bytes);
    this.#pos = writeVarint(this.#bytes, this.#pos, valueBytes);
  }

  #put(source: Uint8Array): void {
    this.#room(source.length);
    this.#copy(source);
  }

  #copy(source: Uint8Array): void {
    const bytes = this.#bytes;
    const pos = this.#pos;
    if (source.length > SHORT_COPY) bytes.set(source, pos);
    else for (let index = 0; index < source.length; index++) bytes[pos + index] = source[index]!;
    this.#pos = pos + source.length;
  }

  #room(size: number): void {
    if (this.#pos + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#pos + size));
    grown.set(this.#bytes.subarray(0, this.#pos));
    this.#bytes = grown;
  }
}

function encodeResource(resource: Attributes): Uint8Array {
  const writer = new Writer();
  writeAttributes(writer, 1, resource);
  writer.wrap(1, 0);
  return writer.finish();
}

function encodeScope(scope: Scope): Uint8Array {
  const writer = new Writer();
  writeScope(writer, scope);
  return writer.finish();
}

function writeLink(writer: Writer, link: SpanLinkRecord): void {
  writeAttributes(writer, 4, link.attributes ?? {});
  if (link.tracestate !== undefined) writer.stringField(3, link.tracestate);
  writeId(writer, 2, "spanId", link.spanId, 8);
  writeId(writer, 1, "traceId", link.traceId, 16);
  writer.wrap(13, 0);
}

/** What a length-delimited field takes with its tag of one byte. */
function fieldBytes(size: number): number {
  return 1 + varintBytes(size) + size;
}

function writeHead(bytes: Uint8Array, pos: number, tag: number, size: number): number {
  bytes[pos] = tag;
  return writeVarint(bytes, pos + 1, size);
}

function writeVarint(bytes: Uint8Array, pos: number, value: number): number {
  while (value >= 128) {
    bytes[pos++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  bytes[pos++] = value;
  return pos;
}
