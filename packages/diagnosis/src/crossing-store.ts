/** The requests that were forwarded with a context: one fixed-size record each, the oldest overwritten by the newest. */
import { hashId } from "./hash.ts";
import { KEY_WORDS, LOWER_HALF_AT, LOWER_HALF_WORDS, REQUEST_ID_WORDS, SPAN_WORDS, TRACE_WORDS } from "./id-words.ts";
import { MomentIndex, WordIndex, createLateWordIndex } from "./record-index.ts";
import { RecordWords } from "./record-words.ts";
import type { Heads, Ring } from "./ring.ts";
import { INDEX_BYTES, capacityFor, createChains, createRing } from "./ring.ts";

/** What became of the span that the called service owes a request. */
export const WAITING = 1;
export const MATCHED = 2;
export const MISSING = 3;
/** Nothing can be said: the service exports nothing, or nothing that recent. */
export const UNOBSERVED = 4;
/** Nothing was to be expected: not sampled, a probe, or the exchange failed. */
export const EXCUSED = 5;

/** Words of a record: trace id and span id that left, request id hash, parent id that came in, span id of the member. */
const SPAN_AT: number = TRACE_WORDS;
const REQUEST_ID_AT: number = KEY_WORDS;
const INBOUND_AT: number = REQUEST_ID_AT + REQUEST_ID_WORDS;
const MEMBER_AT: number = INBOUND_AT + SPAN_WORDS;
const WORDS: number = MEMBER_AT + SPAN_WORDS;
/** Buckets for each record by span id, each with the head of our chain and of that of the spans below the same id. */
const SPAN_BUCKETS = 2;
const RECORD_BYTES: number = WORDS * 4 + 3 * 8 + 4 + 4 * 2 + 3 + (SPAN_BUCKETS * 8 + 4) + 5 * INDEX_BYTES;

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

/** Spans that `fetch` takes at once. */
export const MOST_FETCHED = 32;

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
  /** See `Routes`. */
  route: number;
  state: number;
  bits: number;
}

/** A store's scratch: its first six words are the key that `add` writes and `find…` looks for, the rest is `add`'s. */
export interface CrossingStore {
  readonly ring: Ring;
  readonly bytes: number;
  readonly scratch: Uint32Array;
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  readonly arrivedMs: Float64Array;
  readonly edge: Uint16Array;
  readonly arrival: Uint16Array;
  readonly localPort: Uint16Array;
  readonly state: Uint8Array;
  readonly bits: Uint16Array;
  readonly path: Uint32Array;
  readonly route: Uint8Array;
  /** Why it is missing: a `Cause`, meaningful while the state is MISSING. */
  readonly cause: Uint8Array;
  /** Where the index of spans by their parent has its heads, beside those of the requests by the span they forwarded. */
  readonly childHeads: Heads;
  /** Writes the scratch and the entry over the oldest record; returns the new record's number. */
  add(entry: CrossingEntry): number;
  /**
   * Fetches what looking for requests by the span they forwarded will read: for `count` spans, whose ids stand in `ids` at
   * `places`. Each lies anywhere in memory, and waiting for one after the other takes most of the time that a span does.
   */
  fetch(ids: Uint32Array, places: Int32Array, count: number): void;
  /** The same for the spans under which the records from `from` to before `until` came, at most `MOST_FETCHED`. */
  fetchInbound(from: number, until: number): void;
  /** Newest record that forwarded the trace and span of `key`, and the next older one; 0 for none. */
  findSpan(key: Uint32Array): number;
  findOlderSpan(key: Uint32Array, record: number): number;
  /** Newest record that forwarded the span of `key`, whatever its trace. */
  findForeignSpan(key: Uint32Array): number;
  /** Newest record that began the trace of `key`. */
  findStarted(key: Uint32Array): number;
  /** Newest record with the request id whose hash stands in `words` at `at`, and the next older one. */
  findRequest(words: Uint32Array, at: number): number;
  findOlderRequest(words: Uint32Array, at: number, record: number): number;
  /** Newest record that left through this local port and began in this second, and the next older one. */
  findPort(port: number, second: number): number;
  findOlderPort(port: number, second: number, record: number): number;
  /** Newest record with `ENTRY_BIT` that has this path and began in this second, and the next older one. */
  findEntry(path: number, second: number): number;
  findOlderEntry(path: number, second: number, record: number): number;
  /** Newest record whose trace id ends in the 64 bits that the one in `key` ends in, and the next older one. */
  findLowerHalf(key: Uint32Array): number;
  findOlderLowerHalf(key: Uint32Array, record: number): number;
  /** Newest record that forwarded the trace of `key`, with whatever span. */
  findTrace(key: Uint32Array): number;
  /** The longest request among the records held, or longer by what was held before. */
  longestMs(): number;
  /** Copies the trace and span id that left into `key`. */
  readKey(record: number, key: Uint32Array): void;
  /** Copies the hash of the request id; false where there was none. */
  readRequest(record: number, into: Uint32Array, at: number): boolean;
  /** Copies the parent id that came in, and the span id of the member that came with it. */
  readInbound(record: number, into: Uint32Array, at: number): void;
  readMember(record: number, into: Uint32Array, at: number): void;
  traceId(record: number): string;
  spanId(record: number): string;
}

/** Where the scratch holds what, and how many words it has. */
export const CROSSING_SCRATCH: Readonly<Record<"requestId" | "inbound" | "member" | "words", number>> = {
  requestId: REQUEST_ID_AT,
  inbound: INBOUND_AT,
  member: MEMBER_AT,
  words: WORDS,
};

export function createCrossingStore(budgetBytes: number, seed: number): CrossingStore {
  const capacity = capacityFor(budgetBytes, RECORD_BYTES);
  const ring = createRing(capacity);
  const table = new RecordWords(ring, WORDS);
  const { words } = table;
  const scratch = new Uint32Array(WORDS);
  const startMs = new Float64Array(capacity);
  const endMs = new Float64Array(capacity);
  const arrivedMs = new Float64Array(capacity);
  const edge = new Uint16Array(capacity);
  const arrival = new Uint16Array(capacity);
  const localPort = new Uint16Array(capacity);
  const state = new Uint8Array(capacity);
  const bits = new Uint16Array(capacity);
  const path = new Uint32Array(capacity);
  const route = new Uint8Array(capacity);
  const cause = new Uint8Array(capacity);
  const has = (slot: number, bit: number): boolean => ((bits[slot] as number) & bit) !== 0;
  const spanHeads = new Int32Array(capacity * SPAN_BUCKETS * 2);
  const spanChains = createChains(ring, { words: spanHeads, stride: 2, at: 0 });
  const bySpan = new WordIndex(spanChains, table, SPAN_AT, seed);
  const byTrace = createLateWordIndex(ring, table, LOWER_HALF_AT, seed);
  const byStarted = createLateWordIndex(ring, table, LOWER_HALF_AT, seed, (slot) => has(slot, STARTED_BIT));
  const byRequest = createLateWordIndex(ring, table, REQUEST_ID_AT, seed, (slot) => table.isSet(slot, REQUEST_ID_AT));
  const byPort = new MomentIndex(ring, localPort, startMs, seed, (slot) => localPort[slot] !== 0);
  const byEntry = new MomentIndex(ring, path, startMs, seed, (slot) => has(slot, ENTRY_BIT));

  const places = new Int32Array(MOST_FETCHED);
  const hashes = new Int32Array(MOST_FETCHED);
  const found = new Float64Array(MOST_FETCHED);
  const fetched = new Float64Array(2);
  const fetch = (ids: Uint32Array, at: Int32Array, count: number): void => {
    for (let next = 0; next < count; next += 1) {
      const hash = hashId(ids, at[next] as number, seed);
      hashes[next] = hash;
      found[next] = spanChains.first(hash);
    }
    for (let next = 0; next < count; next += 1) {
      const record = found[next] as number;
      const slot = ring.slot(record);
      found[next] = spanChains.after(record, hashes[next] as number);
      fetched[0] = (words[slot * WORDS] as number) + (startMs[slot] as number) + (endMs[slot] as number);
      fetched[1] = (arrivedMs[slot] as number) + (state[slot] as number) + (edge[slot] as number);
    }
  };
  let longestMs = 0;
  let longestBeforeMs = 0;
  const noteLength = (slot: number, lengthMs: number): void => {
    if (slot === 0) {
      longestBeforeMs = longestMs;
      longestMs = 0;
    }
    if (lengthMs > longestMs) longestMs = lengthMs;
  };

  return {
    ring,
    bytes: capacity * RECORD_BYTES,
    scratch,
    startMs,
    endMs,
    arrivedMs,
    edge,
    arrival,
    localPort,
    state,
    bits,
    path,
    route,
    cause,
    childHeads: { words: spanHeads, stride: 2, at: 1 },
    add(entry) {
      const record = ring.advance();
      const slot = ring.slot(record);
      table.write(record, scratch);
      startMs[slot] = entry.startMs;
      endMs[slot] = entry.endMs;
      arrivedMs[slot] = entry.arrivedMs;
      edge[slot] = entry.edge;
      arrival[slot] = entry.arrival;
      localPort[slot] = entry.localPort;
      state[slot] = entry.state;
      bits[slot] = entry.bits;
      path[slot] = entry.path;
      route[slot] = entry.route;
      cause[slot] = 0;
      noteLength(slot, entry.endMs - entry.startMs);
      spanChains.add(hashId(scratch, SPAN_AT, seed), record);
      return record;
    },
    fetch,
    fetchInbound(from, until) {
      for (let record = from; record < until; record += 1) places[record - from] = table.at(record) + INBOUND_AT;
      fetch(words, places, until - from);
    },
    findSpan: (key) => bySpan.find(key, 0, 0, KEY_WORDS),
    findOlderSpan: (key, record) => bySpan.findOlder(record, key, 0, 0, KEY_WORDS),
    findForeignSpan: (key) => bySpan.find(key, SPAN_AT, SPAN_AT, SPAN_WORDS),
    findStarted: (key) => byStarted.find(key, 0, 0, TRACE_WORDS),
    findRequest: (key, at) => byRequest.find(key, at, REQUEST_ID_AT, REQUEST_ID_WORDS),
    findOlderRequest: (key, at, record) => byRequest.findOlder(record, key, at, REQUEST_ID_AT, REQUEST_ID_WORDS),
    findPort: (port, second) => byPort.find(port, second),
    findOlderPort: (port, second, record) => byPort.findOlder(record, port, second),
    findEntry: (pathHash, second) => byEntry.find(pathHash, second),
    findOlderEntry: (pathHash, second, record) => byEntry.findOlder(record, pathHash, second),
    findLowerHalf: (key) => byTrace.find(key, LOWER_HALF_AT, LOWER_HALF_AT, LOWER_HALF_WORDS),
    findOlderLowerHalf: (key, record) => byTrace.findOlder(record, key, LOWER_HALF_AT, LOWER_HALF_AT, LOWER_HALF_WORDS),
    findTrace: (key) => byTrace.find(key, 0, 0, TRACE_WORDS),
    longestMs: () => Math.max(longestMs, longestBeforeMs),
    readKey: (record, key) => table.read(record, 0, KEY_WORDS, key, 0),
    readRequest(record, into, at) {
      table.read(record, REQUEST_ID_AT, REQUEST_ID_WORDS, into, at);
      return into[at] !== 0;
    },
    readInbound: (record, into, at) => table.read(record, INBOUND_AT, SPAN_WORDS, into, at),
    readMember: (record, into, at) => table.read(record, MEMBER_AT, SPAN_WORDS, into, at),
    traceId: (record) => table.format(record, 0, TRACE_WORDS),
    spanId: (record) => table.format(record, SPAN_AT, SPAN_WORDS),
  };
}
