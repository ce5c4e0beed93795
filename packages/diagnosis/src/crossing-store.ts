/** The requests that were forwarded with a context: one fixed-size record each, the oldest overwritten by the newest. */
import { hashId } from "./hash.ts";
import { KEY_WORDS, LOWER_HALF_AT, LOWER_HALF_WORDS, REQUEST_ID_WORDS, SPAN_WORDS, TRACE_WORDS } from "./id-words.ts";
import { Longest } from "./longest.ts";
import { MomentIndex, WordIndex, createLateWordIndex } from "./record-index.ts";
import { LINE_WORDS, RecordWords } from "./record-words.ts";
import type { Traits } from "./told.ts";
import type { Column, OpenChains, Ring } from "./ring.ts";
import { INDEX_BYTES, capacityFor, createChains, createRing } from "./ring.ts";

/** What became of the span that the called service owes a request. */
export const WAITING = 1;
export const MATCHED = 2;
export const MISSING = 3;
/** Nothing can be said: the service exports nothing, or nothing that recent. */
export const UNOBSERVED = 4;
/** Nothing was to be expected: not sampled, a probe, or the exchange failed. */
export const EXCUSED = 5;

/**
 * What a line of the cache holds of a record, in words: the trace id and span id that left, three times, 16 bits of its
 * edge with 8 of its state and 8 of its route, 16 of its bits with 16 of its port, its path, and the next older record of
 * its chain. An answer reads nothing else.
 */
const SPAN_AT: number = TRACE_WORDS;
const START_AT: number = KEY_WORDS;
const END_AT: number = START_AT + 2;
const ARRIVED_AT: number = END_AT + 2;
const EDGE_AT: number = ARRIVED_AT + 2;
const BITS_AT: number = EDGE_AT + 1;
const PATH_AT: number = BITS_AT + 1;
const LINK_AT: number = PATH_AT + 1;

/** Where each stands among numbers of its size. */
const START: number = START_AT / 2;
const END: number = END_AT / 2;
const ARRIVED: number = ARRIVED_AT / 2;
const EDGE: number = EDGE_AT * 2;
const STATE: number = EDGE_AT * 4 + 2;
const ROUTE: number = EDGE_AT * 4 + 3;
const BITS: number = BITS_AT * 2;
const PORT: number = BITS_AT * 2 + 1;
const TIMES: number = LINE_WORDS / 2;
const HALVES: number = LINE_WORDS * 2;
const BYTES: number = LINE_WORDS * 4;

/** What else there is: request id hash, parent id that came in, span id of the member; then 16 bits of arrival, 8 of cause, 8 of outcome. */
const INBOUND_AT: number = REQUEST_ID_WORDS;
const MEMBER_AT: number = INBOUND_AT + SPAN_WORDS;
const ARRIVAL_AT: number = MEMBER_AT + SPAN_WORDS;
const REST_WORDS: number = ARRIVAL_AT + 1;
const ARRIVAL: number = ARRIVAL_AT * 2;
const CAUSE: number = ARRIVAL_AT * 4 + 2;
const OUTCOME: number = ARRIVAL_AT * 4 + 3;

/** Buckets for each record by span id, each with the head of our chain and of that of the spans below the same id. */
const SPAN_BUCKETS = 2;
const LATE_INDEXES = 5;
const RECORD_BYTES: number = (LINE_WORDS + REST_WORDS) * 4 + SPAN_BUCKETS * 8 + LATE_INDEXES * INDEX_BYTES;

/** Bits of a record. */
export const SAMPLED_BIT = 1;
/** The parent that left is a span of our own; then our member left in tracestate too. */
export const OWN_PARENT_BIT = 2;
/** The trace began at this border. */
export const STARTED_BIT = 4;
/** Whether the parent that came in was ever exported is still to be seen. */
export const INBOUND_OPEN_BIT = 8;
/** It came with a traceparent and without our member. */
export const MEMBERLESS_BIT = 32;
/** Its context came in another format, without a traceparent. */
export const TRANSLATED_BIT = 64;
/** The answer named the trace that was forwarded: the service did continue it. */
export const CONTINUED_BIT = 128;
/** It left the cluster: another border may see it come in. */
export const EGRESS_BIT = 256;
/** It came without anything that a border before us could have written: where a trace begins, or all was taken away. */
export const ENTRY_BIT = 512;

/** Places that `fetch` takes at once. */
export const MOST_FETCHED = 64;

/** What `add` takes, beside the words in the scratch key. */
export interface CrossingEntry {
  startMs: number;
  endMs: number;
  arrivedMs: number;
  edge: number;
  /** The edge before us, plus one; 0 where it is not kept. */
  arrival: number;
  localPort: number;
  /** The hash of its path; 0 where it is not known. */
  path: number;
  /** See `outcome.ts`. */
  outcome: number;
  /** See `Routes`. */
  route: number;
  state: number;
  bits: number;
}

/** Where the scratch holds what, and how many words it has. */
export const CROSSING_SCRATCH: Readonly<Record<"requestId" | "inbound" | "member" | "words", number>> = {
  requestId: KEY_WORDS,
  inbound: KEY_WORDS + INBOUND_AT,
  member: KEY_WORDS + MEMBER_AT,
  words: KEY_WORDS + ARRIVAL_AT,
};

/** A class: what is called for every span is cheaper in a method than in a closure. */
export class CrossingStore {
  readonly ring: Ring;
  readonly bytes: number;
  /** Its first six words are the key that `add` writes and `find…` looks for, the rest is `add`'s. */
  readonly scratch: Uint32Array = new Uint32Array(CROSSING_SCRATCH.words);
  /** Where the index of spans by their parent has its heads, beside those of the requests by the span they forwarded. */
  readonly childHeads: Column;
  readonly #line: RecordWords;
  /** Its bytes, by the kind of number. */
  readonly #words: Uint32Array;
  readonly #times: Float64Array;
  readonly #halves: Uint16Array;
  readonly #bytes: Uint8Array;
  readonly #rest: RecordWords;
  readonly #seed: number;
  readonly #spanChains: OpenChains;
  readonly #bySpan: WordIndex;
  readonly #byTrace: WordIndex;
  readonly #byStarted: WordIndex;
  readonly #byRequest: WordIndex;
  readonly #byPort: MomentIndex;
  readonly #byEntry: MomentIndex;
  readonly #places: Int32Array = new Int32Array(MOST_FETCHED);
  readonly #hashes: Int32Array = new Int32Array(MOST_FETCHED);
  readonly #found: Float64Array = new Float64Array(MOST_FETCHED);
  readonly #fetched: Uint32Array = new Uint32Array(1);
  readonly #longest: Longest = new Longest();
  #newestStarted = 0;

  constructor(budgetBytes: number, seed: number) {
    const capacity = capacityFor(budgetBytes, RECORD_BYTES);
    const ring = createRing(capacity);
    const line = new RecordWords(ring, LINE_WORDS);
    const rest = new RecordWords(ring, REST_WORDS);
    const heads = new Int32Array(capacity * SPAN_BUCKETS * 2);
    const startMs = { values: line.times, stride: TIMES, at: START };
    const path = { values: line.words, stride: LINE_WORDS, at: PATH_AT };
    const localPort = { values: line.halves, stride: HALVES, at: PORT };
    this.ring = ring;
    this.bytes = capacity * RECORD_BYTES;
    this.childHeads = { words: heads, stride: 2, at: 1 };
    this.#line = line;
    this.#words = line.words;
    this.#times = line.times;
    this.#halves = line.halves;
    this.#bytes = line.bytes;
    this.#rest = rest;
    this.#seed = seed;
    this.#spanChains = createChains(
      ring,
      { words: heads, stride: 2, at: 0 },
      { words: line.links, stride: LINE_WORDS, at: LINK_AT },
    );
    this.#bySpan = new WordIndex(this.#spanChains, line, SPAN_AT, seed);
    this.#byTrace = createLateWordIndex(ring, line, LOWER_HALF_AT, seed);
    this.#byStarted = createLateWordIndex(ring, line, LOWER_HALF_AT, seed, (slot) => this.#has(slot, STARTED_BIT));
    this.#byRequest = createLateWordIndex(ring, rest, 0, seed, (slot) => rest.isSet(slot, 0));
    this.#byPort = new MomentIndex(ring, localPort, startMs, seed, (slot) => this.localPort(slot) !== 0);
    this.#byEntry = new MomentIndex(ring, path, startMs, seed, (slot) => this.#has(slot, ENTRY_BIT));
  }

  startMs(slot: number): number {
    return this.#times[slot * TIMES + START] as number;
  }

  endMs(slot: number): number {
    return this.#times[slot * TIMES + END] as number;
  }

  arrivedMs(slot: number): number {
    return this.#times[slot * TIMES + ARRIVED] as number;
  }

  edge(slot: number): number {
    return this.#halves[slot * HALVES + EDGE] as number;
  }

  state(slot: number): number {
    return this.#bytes[slot * BYTES + STATE] as number;
  }

  setState(slot: number, state: number): void {
    this.#bytes[slot * BYTES + STATE] = state;
  }

  route(slot: number): number {
    return this.#bytes[slot * BYTES + ROUTE] as number;
  }

  bits(slot: number): number {
    return this.#halves[slot * HALVES + BITS] as number;
  }

  /** It is owed no span; a service that begins a trace anew heeds no flag of ours and may have recorded a root all the same. */
  leftUnsampled(slot: number): boolean {
    return !this.#has(slot, SAMPLED_BIT);
  }

  localPort(slot: number): number {
    return this.#halves[slot * HALVES + PORT] as number;
  }

  path(slot: number): number {
    return this.#words[slot * LINE_WORDS + PATH_AT] as number;
  }

  arrival(slot: number): number {
    return this.#rest.halves[slot * REST_WORDS * 2 + ARRIVAL] as number;
  }

  outcome(slot: number): number {
    return this.#rest.bytes[slot * REST_WORDS * 4 + OUTCOME] as number;
  }

  /** What the span that answers it may tell too. */
  traits(slot: number): Traits {
    return { path: this.path(slot), outcome: this.outcome(slot), port: this.localPort(slot) };
  }

  /** Why it is missing: a `Cause`, meaningful while the state is MISSING. */
  cause(slot: number): number {
    return this.#rest.bytes[slot * REST_WORDS * 4 + CAUSE] as number;
  }

  setCause(slot: number, cause: number): void {
    this.#rest.bytes[slot * REST_WORDS * 4 + CAUSE] = cause;
  }

  /** Writes the scratch and the entry over the oldest record; returns the new record's number. */
  add(entry: CrossingEntry): number {
    const record = this.ring.advance();
    const slot = this.ring.slot(record);
    this.#line.write(record, this.scratch, 0, KEY_WORDS);
    this.#times[slot * TIMES + START] = entry.startMs;
    this.#times[slot * TIMES + END] = entry.endMs;
    this.#times[slot * TIMES + ARRIVED] = entry.arrivedMs;
    this.#halves[slot * HALVES + EDGE] = entry.edge;
    this.#bytes[slot * BYTES + STATE] = entry.state;
    this.#bytes[slot * BYTES + ROUTE] = entry.route;
    this.#halves[slot * HALVES + BITS] = entry.bits;
    this.#halves[slot * HALVES + PORT] = entry.localPort;
    this.#words[slot * LINE_WORDS + PATH_AT] = entry.path;
    this.#rest.write(record, this.scratch, KEY_WORDS, ARRIVAL_AT);
    this.#rest.halves[slot * REST_WORDS * 2 + ARRIVAL] = entry.arrival;
    this.setCause(slot, 0);
    this.#rest.bytes[slot * REST_WORDS * 4 + OUTCOME] = entry.outcome;
    if ((entry.bits & STARTED_BIT) !== 0) this.#newestStarted = record;
    this.#longest.note(slot, entry.endMs - entry.startMs);
    this.#spanChains.add(hashId(this.scratch, SPAN_AT, this.#seed), record);
    return record;
  }

  /**
   * Fetches what looking for requests by the span they forwarded will read, and where the chains of spans begin: for
   * `count` pairs of words that stand in `ids` at `places`. Each lies anywhere in memory, and waiting for one after the
   * other takes most of the time that a span does.
   */
  fetch(ids: Uint32Array, places: Int32Array, count: number): void {
    const hashes = this.#hashes;
    const found = this.#found;
    const fetched = this.#fetched;
    const chains = this.#spanChains;
    for (let next = 0; next < count; next += 1) hashes[next] = hashId(ids, places[next] as number, this.#seed);
    for (let next = 0; next < count; next += 1) fetched[0] = chains.touch(hashes[next] as number);
    for (let next = 0; next < count; next += 1) found[next] = chains.first(hashes[next] as number);
    for (let next = 0; next < count; next += 1)
      fetched[0] = this.#words[this.#line.at(found[next] as number)] as number;
  }

  /** The same for the spans under which the records from `from` to before `until` came, at most `MOST_FETCHED`. */
  fetchInbound(from: number, until: number): void {
    const places = this.#places;
    for (let record = from; record < until; record += 1) places[record - from] = this.#rest.at(record) + INBOUND_AT;
    this.fetch(this.#rest.words, places, until - from);
  }

  /** Newest record that forwarded the trace and span of `key`, and the next older one; 0 for none. */
  findSpan(key: Uint32Array): number {
    return this.#bySpan.find(key, 0, 0, KEY_WORDS);
  }

  findOlderSpan(key: Uint32Array, record: number): number {
    return this.#bySpan.findOlder(record, key, 0, 0, KEY_WORDS);
  }

  /** Newest record that forwarded the span of `key`, whatever its trace. */
  findForeignSpan(key: Uint32Array): number {
    return this.#bySpan.find(key, SPAN_AT, SPAN_AT, SPAN_WORDS);
  }

  /** Newest record that began the trace of `key`. */
  findStarted(key: Uint32Array): number {
    return this.#newestStarted < this.ring.oldest() ? 0 : this.#byStarted.find(key, 0, 0, TRACE_WORDS);
  }

  /** Newest record with the request id whose hash stands in `words` at `at`, and the next older one. */
  findRequest(words: Uint32Array, at: number): number {
    return this.#byRequest.find(words, at, 0, REQUEST_ID_WORDS);
  }

  findOlderRequest(words: Uint32Array, at: number, record: number): number {
    return this.#byRequest.findOlder(record, words, at, 0, REQUEST_ID_WORDS);
  }

  /** Newest record that left through this local port and began in this second, and the next older one. */
  findPort(port: number, second: number): number {
    return this.#byPort.find(port, second);
  }

  findOlderPort(port: number, second: number, record: number, most?: number): number {
    return this.#byPort.findOlder(record, port, second, most);
  }

  /** Newest record with `ENTRY_BIT` that has this path and began in this second, and the next older one. */
  findEntry(path: number, second: number): number {
    return this.#byEntry.find(path, second);
  }

  findOlderEntry(path: number, second: number, record: number): number {
    return this.#byEntry.findOlder(record, path, second);
  }

  /** Newest record whose trace id ends in the 64 bits that the one in `key` ends in, and the next older one. */
  findLowerHalf(key: Uint32Array): number {
    return this.#byTrace.find(key, LOWER_HALF_AT, LOWER_HALF_AT, LOWER_HALF_WORDS);
  }

  findOlderLowerHalf(key: Uint32Array, record: number): number {
    return this.#byTrace.findOlder(record, key, LOWER_HALF_AT, LOWER_HALF_AT, LOWER_HALF_WORDS);
  }

  /** Newest record that forwarded the trace of `key`, with whatever span. */
  findTrace(key: Uint32Array): number {
    return this.#byTrace.find(key, 0, 0, TRACE_WORDS);
  }

  /** The longest request among the records held, or longer by what was held before. */
  longestMs(): number {
    return this.#longest.ms();
  }

  /** Copies the trace and span id that left into `key`. */
  readKey(record: number, key: Uint32Array): void {
    this.#line.read(record, 0, KEY_WORDS, key, 0);
  }

  /** Copies the hash of the request id; false where there was none. */
  readRequest(record: number, into: Uint32Array, at: number): boolean {
    this.#rest.read(record, 0, REQUEST_ID_WORDS, into, at);
    return into[at] !== 0;
  }

  /** Copies the parent id that came in, and the span id of the member that came with it. */
  readInbound(record: number, into: Uint32Array, at: number): void {
    this.#rest.read(record, INBOUND_AT, SPAN_WORDS, into, at);
  }

  readMember(record: number, into: Uint32Array, at: number): void {
    this.#rest.read(record, MEMBER_AT, SPAN_WORDS, into, at);
  }

  traceId(record: number): string {
    return this.#line.format(record, 0, TRACE_WORDS);
  }

  spanId(record: number): string {
    return this.#line.format(record, SPAN_AT, SPAN_WORDS);
  }

  #has(slot: number, bit: number): boolean {
    return (this.bits(slot) & bit) !== 0;
  }
}
