/** The spans by which a service enters a trace, and which services worked in a trace at all. */
import { hashId } from "./hash.ts";
import { KEY_WORDS, LOWER_HALF_AT, SPAN_WORDS, TRACE_WORDS, sameWords } from "./id-words.ts";
import { WordIndex, createLateWordIndex } from "./record-index.ts";
import { RecordWords } from "./record-words.ts";
import type { Heads, Ring } from "./ring.ts";
import { INDEX_BYTES, capacityFor, createChains, createRing } from "./ring.ts";

/** Words of a record: trace id, parent id, the span's own id. */
const PARENT_AT: number = TRACE_WORDS;
const OWN_ID_AT: number = KEY_WORDS;
const WORDS: number = KEY_WORDS + SPAN_WORDS;
const RECORD_BYTES: number = WORDS * 4 + 2 * 8 + 2 * 2 + 3 + 4 + INDEX_BYTES;

/** A span that a request from elsewhere began: SERVER, CONSUMER, or one whose parent is known to be remote. */
export const ENTRY = 1;
/** Stands for all other spans of one service in one trace. */
export const LOCAL = 2;

export interface SpanStore {
  readonly ring: Ring;
  readonly bytes: number;
  /** Trace id, parent id, own id: `add` writes them, and `find…` takes any array with the key in front. */
  readonly scratch: Uint32Array;
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  readonly service: Uint16Array;
  /** The number of what its process says of itself; see `SourceBook`. */
  readonly source: Uint16Array;
  readonly role: Uint8Array;
  /** Of a record that stands for local spans: how many are INTERNAL, and how many are short. */
  readonly internal: Uint8Array;
  readonly short: Uint8Array;
  /** Whether the very entry span in the scratch is held already. */
  holds(): boolean;
  /** Returns the new record's slot. */
  add(role: number, service: number, source: number, startMs: number, endMs: number): number;
  /** Newest entry span of the trace and parent in `key`, and the next older one; 0 for none. */
  findChild(key: Uint32Array): number;
  findOlderChild(key: Uint32Array, record: number): number;
  /** Newest entry span below the parent in `key`, whatever its trace: a parent's id is drawn from 2^64. */
  findForeignChild(key: Uint32Array): number;
  /** The slot of the record that stands for the local spans of this service in the trace in `key`; -1 for none. */
  findLocal(key: Uint32Array, serviceId: number): number;
  /** Newest record of the trace in `key`, and the next older one. */
  findTrace(key: Uint32Array): number;
  findOlderTrace(key: Uint32Array, record: number): number;
  /** Copies trace id and parent id into `key`. */
  readKey(record: number, key: Uint32Array): void;
  spanId(record: number): string;
}

/** `heads`: of the index by parent, elsewhere accounted for. */
export function createSpanStore(budgetBytes: number, seed: number, heads: Heads): SpanStore {
  const capacity = capacityFor(budgetBytes, RECORD_BYTES);
  const ring = createRing(capacity);
  const table = new RecordWords(ring, WORDS);
  const scratch = new Uint32Array(WORDS);
  const startMs = new Float64Array(capacity);
  const endMs = new Float64Array(capacity);
  const service = new Uint16Array(capacity);
  const source = new Uint16Array(capacity);
  const role = new Uint8Array(capacity);
  const internal = new Uint8Array(capacity);
  const short = new Uint8Array(capacity);
  const parentChains = createChains(ring, heads);
  const byParent = new WordIndex(parentChains, table, PARENT_AT, seed);
  const byTrace = createLateWordIndex(ring, table, LOWER_HALF_AT, seed);
  /** The record of local spans that was looked for or added last. */
  let lastLocal = 0;
  return {
    ring,
    bytes: capacity * RECORD_BYTES,
    scratch,
    startMs,
    endMs,
    service,
    source,
    role,
    internal,
    short,
    holds: () => byParent.find(scratch, 0, 0, WORDS) !== 0,
    add(newRole, serviceId, sourceNumber, start, end) {
      const record = ring.advance();
      const slot = ring.slot(record);
      table.write(record, scratch);
      startMs[slot] = start;
      endMs[slot] = end;
      service[slot] = serviceId;
      source[slot] = sourceNumber;
      role[slot] = newRole;
      internal[slot] = 0;
      short[slot] = 0;
      if (newRole === ENTRY) parentChains.add(hashId(scratch, PARENT_AT, seed), record);
      else lastLocal = record;
      return slot;
    },
    findChild: (key) => byParent.find(key, 0, 0, KEY_WORDS),
    findOlderChild: (key, record) => byParent.findOlder(record, key, 0, 0, KEY_WORDS),
    findForeignChild: (key) => byParent.find(key, PARENT_AT, PARENT_AT, SPAN_WORDS),
    findLocal(key, serviceId) {
      // Spans of one trace come together.
      const last = ring.slot(lastLocal);
      const isLast = lastLocal >= ring.oldest() && service[last] === serviceId;
      if (isLast && sameWords(table.words, table.at(lastLocal), key, 0, TRACE_WORDS)) return last;
      let record = byTrace.find(key, 0, 0, TRACE_WORDS);
      while (record !== 0) {
        const slot = ring.slot(record);
        if (role[slot] === LOCAL && service[slot] === serviceId) break;
        record = byTrace.findOlder(record, key, 0, 0, TRACE_WORDS);
      }
      if (record === 0) return -1;
      lastLocal = record;
      return ring.slot(record);
    },
    findTrace: (key) => byTrace.find(key, 0, 0, TRACE_WORDS),
    findOlderTrace: (key, record) => byTrace.findOlder(record, key, 0, 0, TRACE_WORDS),
    readKey: (record, key) => table.read(record, 0, KEY_WORDS, key, 0),
    spanId: (record) => table.format(record, OWN_ID_AT, SPAN_WORDS),
  };
}
