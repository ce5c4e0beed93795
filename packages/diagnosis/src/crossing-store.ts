/** The requests that were forwarded with a context: one fixed-size record each, the oldest overwritten by the newest. */
import { KEY_WORDS, LOWER_HALF_AT, SPAN_WORDS, TRACE_WORDS, formatWords, sameWords } from "./id-words.ts";
import { hashId, hashPair, hashWords } from "./hash.ts";
import type { Chains, Heads, Ring } from "./ring.ts";
import { INDEX_BYTES, capacityFor, createChains, createLateChains, createRing, secondOf } from "./ring.ts";

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
const INBOUND_AT: number = KEY_WORDS + 2;
const MEMBER_AT: number = KEY_WORDS + 4;
const WORDS: number = KEY_WORDS + 6;
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
/** It came without any traceparent. */
export const CAME_ABSENT_BIT = 16;
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

export const CROSSING_SCRATCH: { readonly requestId: number; readonly inbound: number; readonly member: number } = {
  requestId: REQUEST_ID_AT,
  inbound: INBOUND_AT,
  member: MEMBER_AT,
};

export function createCrossingStore(budgetBytes: number, seed: number): CrossingStore {
  const capacity = capacityFor(budgetBytes, RECORD_BYTES);
  const ring = createRing(capacity);
  const words = new Uint32Array(capacity * WORDS);
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
  const spanHeads = new Int32Array(capacity * SPAN_BUCKETS * 2);
  const bySpan = createChains(ring, { words: spanHeads, stride: 2, at: 0 });
  const byStarted = createLateChains(ring, (slot) =>
    ((bits[slot] as number) & STARTED_BIT) === 0 ? undefined : hashWords(words, slot * WORDS, TRACE_WORDS, seed),
  );
  const byRequest = createLateChains(ring, (slot) => {
    const at = slot * WORDS + REQUEST_ID_AT;
    return words[at] === 0 ? undefined : hashWords(words, at, 2, seed);
  });
  const byPort = createLateChains(ring, (slot) => {
    const port = localPort[slot] as number;
    return port === 0 ? undefined : hashPair(port, secondOf(startMs[slot] as number), seed);
  });
  const byLowerHalf = createLateChains(ring, (slot) => hashWords(words, slot * WORDS + LOWER_HALF_AT, 2, seed));
  const byEntry = createLateChains(ring, (slot) =>
    ((bits[slot] as number) & ENTRY_BIT) === 0
      ? undefined
      : hashPair(path[slot] as number, secondOf(startMs[slot] as number), seed),
  );

  /** The first record from `from` on, down the chain of the hash, whose words at `place` are those of `key` at `at`. */
  const seek = (
    chains: Chains,
    hash: number,
    from: number,
    place: number,
    key: Uint32Array,
    at: number,
    count: number,
  ): number => {
    let record = from;
    while (record !== 0 && !sameWords(words, ring.slot(record) * WORDS + place, key, at, count)) {
      record = chains.after(record, hash);
    }
    return record;
  };
  const spanHash = (key: Uint32Array): number => hashId(key, SPAN_AT, seed);
  const pairHash = (key: Uint32Array, at: number): number => hashWords(key, at, 2, seed);
  const copySpanId = (record: number, place: number, into: Uint32Array, at: number): void => {
    const from = ring.slot(record) * WORDS + place;
    into[at] = words[from] as number;
    into[at + 1] = words[from + 1] as number;
  };
  const seekPort = (hash: number, from: number, port: number, second: number): number => {
    let record = from;
    while (record !== 0) {
      const slot = ring.slot(record);
      if (localPort[slot] === port && secondOf(startMs[slot] as number) === second) break;
      record = byPort.after(record, hash);
    }
    return record;
  };
  const seekEntry = (hash: number, from: number, pathHash: number, second: number): number => {
    let record = from;
    while (record !== 0) {
      const slot = ring.slot(record);
      if (path[slot] === pathHash && secondOf(startMs[slot] as number) === second) break;
      record = byEntry.after(record, hash);
    }
    return record;
  };

  let longestMs = 0;
  let longestBeforeMs = 0;
  const noteLength = (record: number, lengthMs: number): void => {
    if (ring.slot(record) === 0) {
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
      for (let word = 0; word < WORDS; word += 1) words[slot * WORDS + word] = scratch[word] as number;
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
      noteLength(record, entry.endMs - entry.startMs);
      bySpan.add(spanHash(scratch), record);
      return record;
    },
    findSpan(key) {
      const hash = spanHash(key);
      return seek(bySpan, hash, bySpan.first(hash), 0, key, 0, KEY_WORDS);
    },
    findOlderSpan(key, record) {
      const hash = spanHash(key);
      return seek(bySpan, hash, bySpan.after(record, hash), 0, key, 0, KEY_WORDS);
    },
    findForeignSpan(key) {
      const hash = spanHash(key);
      return seek(bySpan, hash, bySpan.first(hash), SPAN_AT, key, SPAN_AT, SPAN_WORDS);
    },
    findStarted(key) {
      const hash = hashWords(key, 0, TRACE_WORDS, seed);
      return seek(byStarted, hash, byStarted.first(hash), 0, key, 0, TRACE_WORDS);
    },
    findRequest(key, at) {
      const hash = pairHash(key, at);
      return seek(byRequest, hash, byRequest.first(hash), REQUEST_ID_AT, key, at, 2);
    },
    findOlderRequest(key, at, record) {
      const hash = pairHash(key, at);
      return seek(byRequest, hash, byRequest.after(record, hash), REQUEST_ID_AT, key, at, 2);
    },
    findPort(port, second) {
      const hash = hashPair(port, second, seed);
      return seekPort(hash, byPort.first(hash), port, second);
    },
    findOlderPort(port, second, record) {
      const hash = hashPair(port, second, seed);
      return seekPort(hash, byPort.after(record, hash), port, second);
    },
    findEntry(pathHash, second) {
      const hash = hashPair(pathHash, second, seed);
      return seekEntry(hash, byEntry.first(hash), pathHash, second);
    },
    findOlderEntry(pathHash, second, record) {
      const hash = hashPair(pathHash, second, seed);
      return seekEntry(hash, byEntry.after(record, hash), pathHash, second);
    },
    findLowerHalf(key) {
      const hash = pairHash(key, LOWER_HALF_AT);
      return seek(byLowerHalf, hash, byLowerHalf.first(hash), LOWER_HALF_AT, key, LOWER_HALF_AT, 2);
    },
    findOlderLowerHalf(key, record) {
      const hash = pairHash(key, LOWER_HALF_AT);
      return seek(byLowerHalf, hash, byLowerHalf.after(record, hash), LOWER_HALF_AT, key, LOWER_HALF_AT, 2);
    },
    findTrace(key) {
      const hash = pairHash(key, LOWER_HALF_AT);
      return seek(byLowerHalf, hash, byLowerHalf.first(hash), 0, key, 0, TRACE_WORDS);
    },
    longestMs: () => Math.max(longestMs, longestBeforeMs),
    readKey(record, key) {
      const from = ring.slot(record) * WORDS;
      for (let word = 0; word < KEY_WORDS; word += 1) key[word] = words[from + word] as number;
    },
    readRequest(record, into, at) {
      const from = ring.slot(record) * WORDS + REQUEST_ID_AT;
      into[at] = words[from] as number;
      into[at + 1] = words[from + 1] as number;
      return into[at] !== 0;
    },
    readInbound: (record, into, at) => copySpanId(record, INBOUND_AT, into, at),
    readMember: (record, into, at) => copySpanId(record, MEMBER_AT, into, at),
    traceId: (record) => formatWords(words, ring.slot(record) * WORDS, TRACE_WORDS),
    spanId: (record) => formatWords(words, ring.slot(record) * WORDS + TRACE_WORDS, 2),
  };
}
