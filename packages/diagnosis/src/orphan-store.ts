/** Root SERVER spans that nothing explains: each may be the child that a request misses. */
import { hashId } from "./hash.ts";
import { KEY_WORDS, LOWER_HALF_AT, LOWER_HALF_WORDS, REQUEST_ID_WORDS, SPAN_WORDS, TRACE_WORDS } from "./id-words.ts";
import { Longest } from "./longest.ts";
import { MomentIndex, WordIndex, createLateWordIndex } from "./record-index.ts";
import { LINE_WORDS, RecordWords } from "./record-words.ts";
import type { OpenChains, Ring } from "./ring.ts";
import type { Traits } from "./told.ts";
import { INDEX_BYTES, capacityFor, createChains, createRing } from "./ring.ts";

/**
 * What a line of the cache holds of a record, in words: trace id and span id, request id hash, two times, its path, 16 bits
 * of its service and of its source, 16 of its peer's port with 8 of its bits and 8 of its outcome, and the next older record
 * of its chain.
 */
const REQUEST_ID_AT: number = KEY_WORDS;
const WORDS: number = KEY_WORDS + REQUEST_ID_WORDS;
const START_AT: number = WORDS;
const END_AT: number = START_AT + 2;
const PATH_AT: number = END_AT + 2;
const SERVICE_AT: number = PATH_AT + 1;
const PORT_AT: number = SERVICE_AT + 1;
const LINK_AT: number = PORT_AT + 1;

/** Where each stands among numbers of its size. */
const START: number = START_AT / 2;
const END: number = END_AT / 2;
const SERVICE: number = SERVICE_AT * 2;
const SOURCE: number = SERVICE_AT * 2 + 1;
const PORT: number = PORT_AT * 2;
const BITS: number = PORT_AT * 4 + 2;
const OUTCOME: number = PORT_AT * 4 + 3;
const TIMES: number = LINE_WORDS / 2;
const HALVES: number = LINE_WORDS * 2;
const BYTES: number = LINE_WORDS * 4;

const LATE_INDEXES = 3;
const RECORD_BYTES: number = (LINE_WORDS + KEY_WORDS) * 4 + LATE_INDEXES * INDEX_BYTES + 4;

/** Bits of a record: it links to another span; it was joined with a request; it was counted for one by its times. */
const LINKED_BIT = 1;
const JOINED_BIT = 2;
const COUNTED_BIT = 4;

export interface OrphanEntry {
  service: number;
  /** The number of what its process says of itself; see `SourceBook`. */
  source: number;
  startMs: number;
  endMs: number;
  /** The port its peer called from; 0 where the span does not say. */
  peerPort: number;
  /** The hash of its path; 0 where the span does not say. */
  path: number;
  /** See `outcome.ts`. */
  outcome: number;
}

/** A class: what is called for every root is cheaper in a method than in a closure. */
export class OrphanStore {
  readonly ring: Ring;
  readonly bytes: number;
  /** Trace id, span id and the hash of the request id, all zero where there is none: `add` writes them. */
  readonly scratch: Uint32Array = new Uint32Array(WORDS);
  readonly #line: RecordWords;
  /** Its bytes, by the kind of number. */
  readonly #words: Uint32Array;
  readonly #times: Float64Array;
  readonly #halves: Uint16Array;
  readonly #bytes: Uint8Array;
  /** The trace id and span id that it links to, where it does. */
  readonly #linked: RecordWords;
  readonly #seed: number;
  readonly #traceChains: OpenChains;
  readonly #byTrace: WordIndex;
  readonly #byLink: WordIndex;
  readonly #byRequest: WordIndex;
  readonly #byPort: MomentIndex;
  readonly #longest: Longest = new Longest();
  #newestShort = 0;
  #newestLinked = 0;

  constructor(budgetBytes: number, seed: number) {
    const capacity = capacityFor(budgetBytes, RECORD_BYTES);
    const ring = createRing(capacity);
    const line = new RecordWords(ring, LINE_WORDS);
    const linked = new RecordWords(ring, KEY_WORDS);
    const startMs = { values: line.times, stride: TIMES, at: START };
    const peerPort = { values: line.halves, stride: HALVES, at: PORT };
    this.ring = ring;
    this.bytes = capacity * RECORD_BYTES;
    this.#line = line;
    this.#words = line.words;
    this.#times = line.times;
    this.#halves = line.halves;
    this.#bytes = line.bytes;
    this.#linked = linked;
    this.#seed = seed;
    // Each is looked for by its trace before it is added.
    this.#traceChains = createChains(ring, undefined, { words: line.links, stride: LINE_WORDS, at: LINK_AT });
    this.#byTrace = new WordIndex(this.#traceChains, line, LOWER_HALF_AT, seed);
    this.#byLink = createLateWordIndex(ring, linked, TRACE_WORDS, seed, (slot) => this.#has(slot, LINKED_BIT));
    this.#byRequest = createLateWordIndex(ring, line, REQUEST_ID_AT, seed, (slot) => line.isSet(slot, REQUEST_ID_AT));
    this.#byPort = new MomentIndex(ring, peerPort, startMs, seed, (slot) => this.peerPort(slot) !== 0);
  }

  startMs(slot: number): number {
    return this.#times[slot * TIMES + START] as number;
  }

  endMs(slot: number): number {
    return this.#times[slot * TIMES + END] as number;
  }

  service(slot: number): number {
    return this.#halves[slot * HALVES + SERVICE] as number;
  }

  source(slot: number): number {
    return this.#halves[slot * HALVES + SOURCE] as number;
  }

  peerPort(slot: number): number {
    return this.#halves[slot * HALVES + PORT] as number;
  }

  path(slot: number): number {
    return this.#words[slot * LINE_WORDS + PATH_AT] as number;
  }

  outcome(slot: number): number {
    return this.#bytes[slot * BYTES + OUTCOME] as number;
  }

  /** What the request that it answers may show too. */
  traits(slot: number): Traits {
    return { path: this.path(slot), outcome: this.outcome(slot), port: this.peerPort(slot) };
  }

  /** Whether it was joined with a request, or began anew on purpose. */
  isJoined(slot: number): boolean {
    return this.#has(slot, JOINED_BIT);
  }

  setJoined(slot: number): void {
    this.#set(slot, JOINED_BIT);
  }

  /** Whether it was counted for a request that it may answer by its times. */
  isCounted(slot: number): boolean {
    return this.#has(slot, COUNTED_BIT);
  }

  setCounted(slot: number): void {
    this.#set(slot, COUNTED_BIT);
  }

  /** Writes the scratch and the entry over the oldest record; returns the new record's number. */
  add(entry: OrphanEntry): number {
    const record = this.ring.advance();
    const slot = this.ring.slot(record);
    this.#line.write(record, this.scratch, 0, WORDS);
    this.#times[slot * TIMES + START] = entry.startMs;
    this.#times[slot * TIMES + END] = entry.endMs;
    this.#words[slot * LINE_WORDS + PATH_AT] = entry.path;
    this.#halves[slot * HALVES + SERVICE] = entry.service;
    this.#halves[slot * HALVES + SOURCE] = entry.source;
    this.#halves[slot * HALVES + PORT] = entry.peerPort;
    this.#bytes[slot * BYTES + BITS] = 0;
    this.#bytes[slot * BYTES + OUTCOME] = entry.outcome;
    this.#longest.note(slot, entry.endMs - entry.startMs);
    this.#traceChains.add(hashId(this.scratch, LOWER_HALF_AT, this.#seed), record);
    if (this.scratch[0] === 0) this.#newestShort = record;
    return record;
  }

  /** Notes that the newest record links to the trace and span of `key`. */
  link(record: number, key: Uint32Array): void {
    this.#linked.write(record, key, 0, KEY_WORDS);
    this.#set(this.ring.slot(record), LINKED_BIT);
    this.#newestLinked = record;
  }

  /** Newest orphan with a link to the trace and span in `key`, and the next older one; 0 for none. */
  findLink(key: Uint32Array): number {
    return this.#newestLinked < this.ring.oldest() ? 0 : this.#byLink.find(key, 0, 0, KEY_WORDS);
  }

  findOlderLink(key: Uint32Array, record: number): number {
    return this.#byLink.findOlder(record, key, 0, 0, KEY_WORDS);
  }

  /** Newest orphan with the request id whose hash stands in `words` at `at`, and the next older one. */
  findRequest(words: Uint32Array, at: number): number {
    return this.#byRequest.find(words, at, REQUEST_ID_AT, REQUEST_ID_WORDS);
  }

  findOlderRequest(words: Uint32Array, at: number, record: number): number {
    return this.#byRequest.findOlder(record, words, at, REQUEST_ID_AT, REQUEST_ID_WORDS);
  }

  /** Newest orphan that began in this second and whose peer called from this port, and the next older one. */
  findPort(port: number, second: number): number {
    return this.#byPort.find(port, second);
  }

  findOlderPort(port: number, second: number, record: number, most?: number): number {
    return this.#byPort.findOlder(record, port, second, most);
  }

  /** Reads where looking for the trace at `at` begins: see `OpenChains`. */
  touchTrace(ids: Uint32Array, at: number): number {
    return this.#traceChains.touch(hashId(ids, at + LOWER_HALF_AT, this.#seed));
  }

  /** Newest orphan of the trace in `key`. */
  findTrace(key: Uint32Array): number {
    return this.#byTrace.find(key, 0, 0, TRACE_WORDS);
  }

  /** Newest orphan whose trace id ends in the 64 bits that the one in `key` ends in. */
  findLowerHalf(key: Uint32Array): number {
    return this.#byTrace.find(key, LOWER_HALF_AT, LOWER_HALF_AT, LOWER_HALF_WORDS);
  }

  /** The longest orphan held, or longer by what was held before. */
  longestMs(): number {
    return this.#longest.ms();
  }

  /** Whether any orphan held has a trace id that begins with 32 bits of zero: what other formats make of one. */
  hasShortTrace(): boolean {
    return this.#newestShort >= this.ring.oldest();
  }

  /** Copy the linked trace and span id, and the hash of the request id; false where it has none. */
  readLink(record: number, key: Uint32Array): boolean {
    if (!this.#has(this.ring.slot(record), LINKED_BIT)) return false;
    this.#linked.read(record, 0, KEY_WORDS, key, 0);
    return true;
  }

  readRequest(record: number, into: Uint32Array): boolean {
    this.#line.read(record, REQUEST_ID_AT, REQUEST_ID_WORDS, into, 0);
    return into[0] !== 0;
  }

  /** Copies its trace and span id into `key`. */
  readKey(record: number, key: Uint32Array): void {
    this.#line.read(record, 0, KEY_WORDS, key, 0);
  }

  traceId(record: number): string {
    return this.#line.format(record, 0, TRACE_WORDS);
  }

  spanId(record: number): string {
    return this.#line.format(record, TRACE_WORDS, SPAN_WORDS);
  }

  #has(slot: number, bit: number): boolean {
    return ((this.#bytes[slot * BYTES + BITS] as number) & bit) !== 0;
  }

  #set(slot: number, bit: number): void {
    const at = slot * BYTES + BITS;
    this.#bytes[at] = (this.#bytes[at] as number) | bit;
  }
}
