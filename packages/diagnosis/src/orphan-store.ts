/** Root SERVER spans that nothing explains: each may be the child that a request misses. */
import { KEY_WORDS, LOWER_HALF_AT, TRACE_WORDS, formatWords, sameWords } from "./id-words.ts";
import { hashPair, hashWords } from "./hash.ts";
import type { Chains, Ring } from "./ring.ts";
import { INDEX_BYTES, capacityFor, createLateChains, createRing, secondOf } from "./ring.ts";

/** Words of a record: trace id, span id, linked trace id and span id, request id hash. */
const LINK_AT: number = KEY_WORDS;
const REQUEST_ID_AT: number = KEY_WORDS * 2;
const WORDS: number = KEY_WORDS * 2 + 2;
const RECORD_BYTES: number = WORDS * 4 + 2 * 8 + 4 + 3 * 2 + 1 + 4 * INDEX_BYTES;

export interface OrphanEntry {
  service: number;
  source: number;
  startMs: number;
  endMs: number;
  /** The port its peer called from; 0 where the span does not say. */
  peerPort: number;
  /** The hash of its path; 0 where the span does not say. */
  path: number;
}

export const ORPHAN_SCRATCH: { readonly link: number; readonly requestId: number } = {
  link: LINK_AT,
  requestId: REQUEST_ID_AT,
};

export interface OrphanStore {
  readonly ring: Ring;
  readonly bytes: number;
  /** What `add` writes; a part that is all zero is absent. */
  readonly scratch: Uint32Array;
  readonly service: Uint16Array;
  /** The number of what its process says of itself; see `SourceBook`. */
  readonly source: Uint16Array;
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  readonly peerPort: Uint16Array;
  readonly path: Uint32Array;
  /** 1 once it was joined with a request. */
  readonly joined: Uint8Array;
  add(entry: OrphanEntry): number;
  /** Newest orphan with a link to the trace and span in `key`, and the next older one; 0 for none. */
  findLink(key: Uint32Array): number;
  findOlderLink(key: Uint32Array, record: number): number;
  findRequest(words: Uint32Array, at: number): number;
  findOlderRequest(words: Uint32Array, at: number, record: number): number;
  /** Newest orphan that began in this second and whose peer called from this port, and the next older one. */
  findPort(port: number, second: number): number;
  findOlderPort(port: number, second: number, record: number): number;
  /** Newest orphan of the trace in `key`. */
  findTrace(key: Uint32Array): number;
  /** Newest orphan whose trace id ends in the 64 bits that the one in `key` ends in. */
  findLowerHalf(key: Uint32Array): number;
  /** Copy the linked trace and span id, and the hash of the request id; false where it has none. */
  readLink(record: number, key: Uint32Array): boolean;
  readRequest(record: number, into: Uint32Array): boolean;
  /** Copies its trace and span id into `key`. */
  readKey(record: number, key: Uint32Array): void;
  traceId(record: number): string;
  spanId(record: number): string;
}

export function createOrphanStore(budgetBytes: number, seed: number): OrphanStore {
  const capacity = capacityFor(budgetBytes, RECORD_BYTES);
  const ring = createRing(capacity);
  const words = new Uint32Array(capacity * WORDS);
  const scratch = new Uint32Array(WORDS);
  const service = new Uint16Array(capacity);
  const source = new Uint16Array(capacity);
  const startMs = new Float64Array(capacity);
  const endMs = new Float64Array(capacity);
  const peerPort = new Uint16Array(capacity);
  const path = new Uint32Array(capacity);
  const joined = new Uint8Array(capacity);
  const byLink = createLateChains(ring, (slot) => {
    const at = slot * WORDS + LINK_AT;
    const linked = words[at + TRACE_WORDS] !== 0 || words[at + TRACE_WORDS + 1] !== 0;
    return linked ? hashWords(words, at, KEY_WORDS, seed) : undefined;
  });
  const byRequest = createLateChains(ring, (slot) => {
    const at = slot * WORDS + REQUEST_ID_AT;
    return words[at] === 0 ? undefined : hashWords(words, at, 2, seed);
  });
  const byPort = createLateChains(ring, (slot) => {
    const port = peerPort[slot] as number;
    return port === 0 ? undefined : hashPair(port, secondOf(startMs[slot] as number), seed);
  });
  const byTrace = createLateChains(ring, (slot) => hashWords(words, slot * WORDS + LOWER_HALF_AT, 2, seed));
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
  const pairHash = (key: Uint32Array, at: number): number => hashWords(key, at, 2, seed);
  const copyWords = (record: number, place: number, into: Uint32Array, count: number): void => {
    const from = ring.slot(record) * WORDS + place;
    for (let word = 0; word < count; word += 1) into[word] = words[from + word] as number;
  };
  const seekPort = (hash: number, from: number, port: number, second: number): number => {
    let record = from;
    while (record !== 0) {
      const slot = ring.slot(record);
      if (peerPort[slot] === port && secondOf(startMs[slot] as number) === second) break;
      record = byPort.after(record, hash);
    }
    return record;
  };
  return {
    ring,
    bytes: capacity * RECORD_BYTES,
    scratch,
    service,
    source,
    startMs,
    endMs,
    peerPort,
    path,
    joined,
    add(entry) {
      const record = ring.advance();
      const slot = ring.slot(record);
      for (let word = 0; word < WORDS; word += 1) words[slot * WORDS + word] = scratch[word] as number;
      service[slot] = entry.service;
      source[slot] = entry.source;
      startMs[slot] = entry.startMs;
      endMs[slot] = entry.endMs;
      peerPort[slot] = entry.peerPort;
      path[slot] = entry.path;
      joined[slot] = 0;
      return record;
    },
    findLink(key) {
      const hash = hashWords(key, 0, KEY_WORDS, seed);
      return seek(byLink, hash, byLink.first(hash), LINK_AT, key, 0, KEY_WORDS);
    },
    findOlderLink(key, record) {
      const hash = hashWords(key, 0, KEY_WORDS, seed);
      return seek(byLink, hash, byLink.after(record, hash), LINK_AT, key, 0, KEY_WORDS);
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
    findTrace(key) {
      const hash = pairHash(key, LOWER_HALF_AT);
      return seek(byTrace, hash, byTrace.first(hash), 0, key, 0, TRACE_WORDS);
    },
    findLowerHalf(key) {
      const hash = pairHash(key, LOWER_HALF_AT);
      return seek(byTrace, hash, byTrace.first(hash), LOWER_HALF_AT, key, LOWER_HALF_AT, 2);
    },
    readLink(record, key) {
      copyWords(record, LINK_AT, key, KEY_WORDS);
      return key[TRACE_WORDS] !== 0 || key[TRACE_WORDS + 1] !== 0;
    },
    readRequest(record, into) {
      copyWords(record, REQUEST_ID_AT, into, 2);
      return into[0] !== 0;
    },
    readKey: (record, key) => copyWords(record, 0, key, KEY_WORDS),
    traceId: (record) => formatWords(words, ring.slot(record) * WORDS, TRACE_WORDS),
    spanId: (record) => formatWords(words, ring.slot(record) * WORDS + TRACE_WORDS, 2),
  };
}
