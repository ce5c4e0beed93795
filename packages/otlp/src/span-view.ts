/** Lazy accessors over the bytes of one span, and the walk that shows every span of a batch. */

import type { AttributeKeys, FoundAttributes } from "./attribute-keys.ts";
import { type AttributeValue, AttributeView } from "./attribute.ts";
import type { Batch } from "./batch.ts";
import { findResourceAttribute, lookAtResource, onlyResource } from "./resources.ts";
import { Cursor, readFixed32, readFixed64, readInt32 } from "./wire/cursor.ts";
import { formatHex } from "./wire/hex.ts";
import { decodeUtf8 } from "./wire/utf8.ts";

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly tracestate: string;
}

/**
 * One span. The view moves on after each visit: take what you need from it, do not keep it. Of a singular field that
 * repeats the last counts; of several attributes with one key the first.
 */
export interface SpanView {
  /** Lower-case hexadecimal digits, as many as the bytes have; "" when absent. */
  traceId(): string;
  spanId(): string;
  /** "" for a root span. */
  parentSpanId(): string;
  /**
   * Writes the ids as words of 32 bits, first byte highest: the trace id to 0-3, the span id to 4-5, the parent's to 6-7,
   * zero for a root, each counted from `at`. False for an id that is all zero or not of its length; then the words mean
   * nothing.
   */
  ids(words: Uint32Array, at?: number): boolean;
  tracestate(): string;
  name(): string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind(): number;
  startUnixNano(): bigint;
  endUnixNano(): bigint;
  /** Milliseconds since 1970, exact to a microsecond. */
  startMs(): number;
  endMs(): number;
  /** Bits 0-7 the W3C trace flags, 8 and 9 whether the parent is remote; 0 when absent. */
  flags(): number;
  /** 0 unset, 1 ok, 2 error. */
  statusCode(): number;
  statusMessage(): string;
  attribute(key: string): AttributeValue | undefined;
  /** Looks up several attributes in one pass. */
  attributes(keys: AttributeKeys, found: FoundAttributes): void;
  resourceAttribute(key: string): AttributeValue | undefined;
  /** Looks up several attributes of its resource in one pass. */
  resourceAttributes(keys: AttributeKeys, found: FoundAttributes): void;
  /** The bytes of its resource's message; undefined where there is none, or several, which are merged. */
  resourceBytes(): Uint8Array | undefined;
  links(): readonly SpanLink[];
  /** The bytes of the span's message. */
  bytes(): Uint8Array;
}

/** Shows every span, in the order of the bytes. A batch of another signal has none. */
export function forEachSpan(batch: Batch, visit: (span: SpanView) => void): void {
  if (batch.signal !== "traces") return;
  const view = new OpenSpanView();
  const request = new Cursor();
  const resource = new Cursor();
  const scope = new Cursor();
  for (const part of batch.parts) {
    request.open(part, 0, part.length);
    while (request.next()) {
      if (request.field !== 1) continue;
      view.openResource(part, request.start, request.stop);
      resource.open(part, request.start, request.stop);
      while (resource.next()) {
        if (resource.field !== 2) continue;
        scope.open(part, resource.start, resource.stop);
        while (scope.next()) {
          if (scope.field !== 2) continue;
          visit(view.open(scope.start, scope.stop));
        }
      }
    }
  }
}

const attributes = new AttributeView();
const NO_LINKS: readonly SpanLink[] = [];
const cursor = new Cursor();
const inner = new Cursor();

/**
 * Where the singular fields of a span start and end, by field number; an absent one ends at 0. Field 16 takes the place of
 * field 0, which does not exist: an array of more than 64 bytes would not be part of the heap, and dear to make.
 */
type Offsets = Int32Array;
const FIELDS = 16;
const FLAGS = 0;
/** Of attributes: where the first field starts, and where the last one ends. */
const ATTRIBUTES = 9;
const ATTRIBUTE_TAG = 0x4a;

/** The view that moves; within this package it may be opened on any proven span. */
export class OpenSpanView implements SpanView {
  #bytes: Uint8Array = cursor.bytes;
  #start = 0;
  #end = 0;
  #located = false;
  readonly #starts: Offsets = new Int32Array(FIELDS);
  readonly #stops: Offsets = new Int32Array(FIELDS);
  #resourceStart = 0;
  #resourceEnd = 0;
  #resourceMemo: Map<string, AttributeValue | undefined> | undefined;

  /** Looks into another ResourceSpans message. */
  openResource(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#resourceStart = start;
    this.#resourceEnd = end;
    this.#resourceMemo?.clear();
  }

  /** Looks at the span from `start` to `end` of the same bytes. */
  open(start: number, end: number): this {
    this.#start = start;
    this.#end = end;
    this.#located = false;
    return this;
  }

  traceId(): string {
    return this.#hex(1);
  }

  spanId(): string {
    return this.#hex(2);
  }

  parentSpanId(): string {
    return this.#hex(4);
  }

  ids(words: Uint32Array, at = 0): boolean {
    this.#locate();
    if (!this.#idWords(1, 4, words, at) || !this.#idWords(2, 2, words, at + 4)) return false;
    if (this.#stops[4]! > this.#starts[4]!) return this.#idWords(4, 2, words, at + 6);
    words[at + 6] = words[at + 7] = 0;
    return true;
  }

  tracestate(): string {
    return this.#text(3);
  }

  name(): string {
    return this.#text(5);
  }

  kind(): number {
    this.#locate();
    return this.#stops[6] === 0 ? 0 : readInt32(this.#bytes, this.#starts[6]!);
  }

  startUnixNano(): bigint {
    this.#locate();
    return this.#stops[7] === 0 ? 0n : readFixed64(this.#bytes, this.#starts[7]!);
  }

  endUnixNano(): bigint {
    this.#locate();
    return this.#stops[8] === 0 ? 0n : readFixed64(this.#bytes, this.#starts[8]!);
  }

  startMs(): number {
    return this.#ms(7);
  }

  endMs(): number {
    return this.#ms(8);
  }

  flags(): number {
    this.#locate();
    return this.#stops[FLAGS] === 0 ? 0 : readFixed32(this.#bytes, this.#starts[FLAGS]!);
  }

  statusCode(): number {
    let code = 0;
    this.#forEachStatusField(() => {
      if (inner.field === 3) code = readInt32(this.#bytes, inner.start);
    });
    return code;
  }

  statusMessage(): string {
    let message = "";
    this.#forEachStatusField(() => {
      if (inner.field === 2) message = decodeUtf8(this.#bytes, inner.start, inner.stop);
    });
    return message;
  }

  attribute(key: string): AttributeValue | undefined {
    cursor.open(this.#bytes, this.#start, this.#end);
    while (cursor.next()) {
      if (cursor.field !== 9) continue;
      if (attributes.open(this.#bytes, cursor.start, cursor.stop).hasKey(key)) return attributes.value();
    }
    return undefined;
  }

  attributes(keys: AttributeKeys, found: FoundAttributes): void {
    this.#locate();
    found.open(keys, this.#bytes).look(keys, this.#starts[ATTRIBUTES]!, this.#stops[ATTRIBUTES]!, ATTRIBUTES);
  }

  resourceAttribute(key: string): AttributeValue | undefined {
    const memo = (this.#resourceMemo ??= new Map());
    const known = memo.get(key);
    if (known !== undefined || memo.has(key)) return known;
    const value = findResourceAttribute(this.#bytes, this.#resourceStart, this.#resourceEnd, key);
    memo.set(key, value);
    return value;
  }

  resourceAttributes(keys: AttributeKeys, found: FoundAttributes): void {
    lookAtResource(this.#bytes, this.#resourceStart, this.#resourceEnd, keys, found);
  }

  resourceBytes(): Uint8Array | undefined {
    return onlyResource(this.#bytes, this.#resourceStart, this.#resourceEnd);
  }

  links(): readonly SpanLink[] {
    this.#locate();
    if (this.#stops[13] === 0) return NO_LINKS;
    const links: SpanLink[] = [];
    const bytes = this.#bytes;
    cursor.open(bytes, this.#start, this.#end);
    while (cursor.next()) {
      if (cursor.field !== 13) continue;
      const link = { traceId: "", spanId: "", tracestate: "" };
      inner.open(bytes, cursor.start, cursor.stop);
      while (inner.next()) {
        if (inner.field === 1) link.traceId = formatHex(bytes, inner.start, inner.stop);
        else if (inner.field === 2) link.spanId = formatHex(bytes, inner.start, inner.stop);
        else if (inner.field === 3) link.tracestate = decodeUtf8(bytes, inner.start, inner.stop);
      }
      links.push(link);
    }
    return links;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  #idWords(field: number, count: number, words: Uint32Array, at: number): boolean {
    const bytes = this.#bytes;
    let pos = this.#starts[field]!;
    if (this.#stops[field]! - pos !== 4 * count) return false;
    let any = 0;
    for (let word = at; word < at + count; word++, pos += 4) {
      const value = (bytes[pos]! << 24) | (bytes[pos + 1]! << 16) | (bytes[pos + 2]! << 8) | bytes[pos + 3]!;
      words[word] = value;
      any |= value;
    }
    return any !== 0;
  }

  #ms(field: number): number {
    this.#locate();
    if (this.#stops[field] === 0) return 0;
    const pos = this.#starts[field]!;
    return readFixed32(this.#bytes, pos + 4) * 4294.967296 + readFixed32(this.#bytes, pos) / 1e6;
  }

  #hex(field: number): string {
    this.#locate();
    return formatHex(this.#bytes, this.#starts[field]!, this.#stops[field]!);
  }

  #text(field: number): string {
    this.#locate();
    return decodeUtf8(this.#bytes, this.#starts[field]!, this.#stops[field]!);
  }

  #locate(): void {
    if (this.#located) return;
    this.#located = true;
    const starts = this.#starts;
    const stops = this.#stops;
    for (let field = 0; field < FIELDS; field++) stops[field] = 0;
    const bytes = this.#bytes;
    const end = this.#end;
    let pos = this.#start;
    let firstAttribute = end;
    while (pos < end) {
      const tag = bytes[pos]!;
      const next = bytes[pos + 1]!;
      // Most fields are attributes, which are many and looked up elsewhere, and ids: one byte of tag, one of length.
      if ((tag & 0x87) === 2 && next < 0x80) {
        const start = pos + 2;
        if (tag === ATTRIBUTE_TAG) {
          if (firstAttribute === end) firstAttribute = pos;
          pos = start + next;
          stops[ATTRIBUTES] = pos;
          continue;
        }
        pos = start + next;
        starts[tag >>> 3] = start;
        stops[tag >>> 3] = pos;
        continue;
      }
      // Nearly all others are times, and small numbers.
      if ((tag & 0x87) === 1 || ((tag & 0x87) === 0 && next < 0x80)) {
        starts[tag >>> 3] = pos + 1;
        pos += (tag & 7) === 1 ? 9 : 2;
        stops[tag >>> 3] = pos;
        continue;
      }
      cursor.open(bytes, pos, end).next();
      if (cursor.field === ATTRIBUTES && firstAttribute === end) firstAttribute = pos;
      pos = cursor.stop;
      if (cursor.field > FIELDS) continue;
      starts[cursor.field % FIELDS] = cursor.start;
      stops[cursor.field % FIELDS] = pos;
    }
    starts[ATTRIBUTES] = firstAttribute;
  }

  /** Status is a message: when it repeats, its occurrences are merged field by field. */
  #forEachStatusField(visit: () => void): void {
    cursor.open(this.#bytes, this.#start, this.#end);
    while (cursor.next()) {
      if (cursor.field !== 15) continue;
      inner.open(this.#bytes, cursor.start, cursor.stop);
      while (inner.next()) visit();
    }
  }
}
