/** Root SERVER spans that nothing explains: each may be the child that a request misses. */
import { hashId } from "./hash.ts";
import { KEY_WORDS, LOWER_HALF_AT, LOWER_HALF_WORDS, REQUEST_ID_WORDS, SPAN_WORDS, TRACE_WORDS } from "./id-words.ts";
import { Longest } from "./longest.ts";
import { MomentIndex, WordIndex, createLateWordIndex } from "./record-index.ts";
import { RecordWords } from "./record-words.ts";
import type { Ring } from "./ring.ts";
import { INDEX_BYTES, capacityFor, createChains, createRing } from "./ring.ts";

/** Words of a record: trace id, span id, linked trace id and span id, request id hash. */
const LINK_AT: number = KEY_WORDS;
const LINKED_SPAN_AT: number = LINK_AT + TRACE_WORDS;
const REQUEST_ID_AT: number = LINK_AT + KEY_WORDS;
const WORDS: number = REQUEST_ID_AT + REQUEST_ID_WORDS;
const RECORD_BYTES: number = WORDS * 4 + 2 * 8 + 4 + 3 * 2 + 2 + 4 * INDEX_BYTES;

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
  /** 1 once it was counted for a request that it may answer by its times. */
  readonly counted: Uint8Array;
  add(entry: OrphanEntry): number;
  /** Newest orphan with a link to the trace and span in `key`, and the next older one; 0 for none. */
  findLink(key: Uint32Array): number;
  findOlderLink(key: Uint32Array, record: number): number;
  findRequest(words: Uint32Array, at: number): number;
  findOlderRequest(words: Uint32Array, at: number, record: number): number;
  /** Newest orphan that began in this second and whose peer called from this port, and the next older one. */
  findPort(port: number, second: number): number;
  findOlderPort(port: number, second: number, record: number): number;
  /** Reads where looking for the trace at `at` begins: see `OpenChains`. */
  touchTrace(ids: Uint32Array, at: number): number;
  /** Newest orphan of the trace in `key`. */
  findTrace(key: Uint32Array): number;
  /** The longest orphan held, or longer by what was held before. */
  longestMs(): number;
  /** Whether any orphan held has a trace id that begins with 32 bits of zero: what other formats make of one. */
  hasShortTrace(): boolean;
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
  const table = new RecordWords(ring, WORDS);
  const scratch = new Uint32Array(WORDS);
  const service = new Uint16Array(capacity);
  const source = new Uint16Array(capacity);
  const startMs = new Float64Array(capacity);
  const endMs = new Float64Array(capacity);
  const peerPort = new Uint16Array(capacity);
  const path = new Uint32Array(capacity);
  const joined = new Uint8Array(capacity);
  const counted = new Uint8Array(capacity);
  const byLink = createLateWordIndex(
    ring,
    table,
    LINKED_SPAN_AT,
    seed,
    (slot) => table.isSet(slot, LINKED_SPAN_AT) || table.isSet(slot, LINKED_SPAN_AT + 1),
  );
  const byRequest = createLateWordIndex(ring, table, REQUEST_ID_AT, seed, (slot) => table.isSet(slot, REQUEST_ID_AT));
  const byPort = new MomentIndex(
    ring,
    { values: peerPort, stride: 1, at: 0 },
    { values: startMs, stride: 1, at: 0 },
    seed,
    (slot) => peerPort[slot] !== 0,
  );
  // Each is looked for by its trace before it is added.
  const traceChains = createChains(ring);
  const byTrace = new WordIndex(traceChains, table, LOWER_HALF_AT, seed);
  const longest = new Longest();
  let newestShort = 0;
  let newestLinked = 0;
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
    counted,
    add(entry) {
      const record = ring.advance();
      const slot = ring.slot(record);
      table.write(record, scratch, 0, WORDS);
      service[slot] = entry.service;
      source[slot] = entry.source;
      startMs[slot] = entry.startMs;
      endMs[slot] = entry.endMs;
      peerPort[slot] = entry.peerPort;
      path[slot] = entry.path;
      joined[slot] = 0;
      counted[slot] = 0;
      longest.note(slot, entry.endMs - entry.startMs);
      traceChains.add(hashId(scratch, LOWER_HALF_AT, seed), record);
      if (scratch[0] === 0) newestShort = record;
      if (scratch[LINKED_SPAN_AT] !== 0 || scratch[LINKED_SPAN_AT + 1] !== 0) newestLinked = record;
      return record;
    },
    findLink: (key) => (newestLinked < ring.oldest() ? 0 : byLink.find(key, 0, LINK_AT, KEY_WORDS)),
    findOlderLink: (key, record) => byLink.findOlder(record, key, 0, LINK_AT, KEY_WORDS),
    findRequest: (key, at) => byRequest.find(key, at, REQUEST_ID_AT, REQUEST_ID_WORDS),
    findOlderRequest: (key, at, record) => byRequest.findOlder(record, key, at, REQUEST_ID_AT, REQUEST_ID_WORDS),
    findPort: (port, second) => byPort.find(port, second),
    findOlderPort: (port, second, record) => byPort.findOlder(record, port, second),
    touchTrace: (ids, at) => traceChains.touch(hashId(ids, at + LOWER_HALF_AT, seed)),
    findTrace: (key) => byTrace.find(key, 0, 0, TRACE_WORDS),
    longestMs: () => longest.ms(),
    hasShortTrace: () => newestShort >= ring.oldest(),
    findLowerHalf: (key) => byTrace.find(key, LOWER_HALF_AT, LOWER_HALF_AT, LOWER_HALF_WORDS),
    readLink(record, key) {
      table.read(record, LINK_AT, KEY_WORDS, key, 0);
      return key[TRACE_WORDS] !== 0 || key[TRACE_WORDS + 1] !== 0;
    },
    readRequest(record, into) {
      table.read(record, REQUEST_ID_AT, REQUEST_ID_WORDS, into, 0);
      return into[0] !== 0;
    },
    readKey: (record, key) => table.read(record, 0, KEY_WORDS, key, 0),
    traceId: (record) => table.format(record, 0, TRACE_WORDS),
    spanId: (record) => table.format(record, TRACE_WORDS, SPAN_WORDS),
  };
}
