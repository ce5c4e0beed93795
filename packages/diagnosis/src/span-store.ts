/** The spans by which a service enters a trace, and which services worked in a trace at all. */
import { hashId } from "./hash.ts";
import { KEY_WORDS, LOWER_HALF_AT, SPAN_WORDS, TRACE_WORDS, sameWords } from "./id-words.ts";
import { WordIndex, createLateWordIndex } from "./record-index.ts";
import { LINE_WORDS, RecordWords } from "./record-words.ts";
import type { Column, OpenChains, Ring } from "./ring.ts";
import { INDEX_BYTES, capacityFor, createChains, createRing } from "./ring.ts";

/**
 * What a line of the cache holds of a record, in words: trace id, parent id, the span's own id, two times, 16 bits of its
 * service and of its source, three numbers of 8 bits, and the next older record of its chain.
 */
const PARENT_AT: number = TRACE_WORDS;
const OWN_ID_AT: number = KEY_WORDS;
const WORDS: number = KEY_WORDS + SPAN_WORDS;
const START_AT: number = WORDS;
const END_AT: number = START_AT + 2;
const SERVICE_AT: number = END_AT + 2;
const ROLE_AT: number = SERVICE_AT + 1;
const LINK_AT: number = ROLE_AT + 1;

/** Where each stands among numbers of its size. */
const START: number = START_AT / 2;
const END: number = END_AT / 2;
const SERVICE: number = SERVICE_AT * 2;
const SOURCE: number = SERVICE_AT * 2 + 1;
const ROLE: number = ROLE_AT * 4;
const INTERNAL: number = ROLE_AT * 4 + 1;
const SHORT: number = ROLE_AT * 4 + 2;
const TIMES: number = LINE_WORDS / 2;
const HALVES: number = LINE_WORDS * 2;
const BYTES: number = LINE_WORDS * 4;

const RECORD_BYTES: number = LINE_WORDS * 4 + INDEX_BYTES;

/** A span that a request from elsewhere began: SERVER, CONSUMER, or one whose parent is known to be remote. */
export const ENTRY = 1;
/** Stands for all other spans of one service in one trace. */
export const LOCAL = 2;

export class SpanStore {
  readonly ring: Ring;
  readonly bytes: number;
  /** Trace id, parent id, own id: `add` writes them, and `find…` takes any array with the key in front. */
  readonly scratch: Uint32Array = new Uint32Array(WORDS);
  readonly #line: RecordWords;
  /** Its bytes, by the kind of number. */
  readonly #times: Float64Array;
  readonly #halves: Uint16Array;
  readonly #bytes: Uint8Array;
  readonly #seed: number;
  /** Entry spans by their parent, and those that stand for others by their trace. */
  readonly #chains: OpenChains;
  readonly #byParent: WordIndex;
  readonly #byTrace: WordIndex;
  /** The record of local spans that was looked for or added last. */
  #lastLocal = 0;

  /** `heads`: of the chains, elsewhere accounted for. */
  constructor(budgetBytes: number, seed: number, heads: Column) {
    const capacity = capacityFor(budgetBytes, RECORD_BYTES);
    const ring = createRing(capacity);
    const line = new RecordWords(ring, LINE_WORDS);
    this.ring = ring;
    this.bytes = capacity * RECORD_BYTES;
    this.#line = line;
    this.#times = line.times;
    this.#halves = line.halves;
    this.#bytes = line.bytes;
    this.#seed = seed;
    this.#chains = createChains(ring, heads, { words: line.links, stride: LINE_WORDS, at: LINK_AT });
    this.#byParent = new WordIndex(this.#chains, line, PARENT_AT, seed);
    this.#byTrace = createLateWordIndex(ring, line, LOWER_HALF_AT, seed);
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

  /** The number of what its process says of itself; see `SourceBook`. */
  source(slot: number): number {
    return this.#halves[slot * HALVES + SOURCE] as number;
  }

  role(slot: number): number {
    return this.#bytes[slot * BYTES + ROLE] as number;
  }

  /** Counts one more INTERNAL span for a record that stands for local spans, up to `most`; how many then, 0 beyond. */
  countInternal(slot: number, most: number): number {
    return this.#count(slot * BYTES + INTERNAL, most);
  }

  /** The same for short spans. */
  countShort(slot: number, most: number): number {
    return this.#count(slot * BYTES + SHORT, most);
  }

  /** Whether the very entry span in the scratch is held already. */
  holds(): boolean {
    return this.#byParent.find(this.scratch, 0, 0, WORDS) !== 0;
  }

  /** Returns the new record's slot. */
  add(role: number, service: number, source: number, startMs: number, endMs: number): number {
    const record = this.ring.advance();
    const slot = this.ring.slot(record);
    this.#line.write(record, this.scratch, 0, WORDS);
    this.#times[slot * TIMES + START] = startMs;
    this.#times[slot * TIMES + END] = endMs;
    this.#halves[slot * HALVES + SERVICE] = service;
    this.#halves[slot * HALVES + SOURCE] = source;
    this.#bytes[slot * BYTES + ROLE] = role;
    this.#bytes[slot * BYTES + INTERNAL] = 0;
    this.#bytes[slot * BYTES + SHORT] = 0;
    this.#chains.add(hashId(this.scratch, role === ENTRY ? PARENT_AT : LOWER_HALF_AT, this.#seed), record);
    if (role === LOCAL) this.#lastLocal = record;
    return slot;
  }

  /** Newest entry span of the trace and parent in `key`, and the next older one; 0 for none. */
  findChild(key: Uint32Array): number {
    return this.#byParent.find(key, 0, 0, KEY_WORDS);
  }

  findOlderChild(key: Uint32Array, record: number): number {
    return this.#byParent.findOlder(record, key, 0, 0, KEY_WORDS);
  }

  /** Newest entry span below the parent in `key`, whatever its trace: a parent's id is drawn from 2^64. */
  findForeignChild(key: Uint32Array): number {
    return this.#byParent.find(key, PARENT_AT, PARENT_AT, SPAN_WORDS);
  }

  /** The slot of the record that stands for the local spans of this service in the trace in `key`; -1 for none. */
  findLocal(key: Uint32Array, serviceId: number): number {
    // Spans of one trace come together.
    if (this.#lastLocal >= this.ring.oldest() && this.#isLocal(this.#lastLocal, key, serviceId)) {
      return this.ring.slot(this.#lastLocal);
    }
    const hash = hashId(key, LOWER_HALF_AT, this.#seed);
    let record = this.#chains.first(hash);
    while (record !== 0 && !this.#isLocal(record, key, serviceId)) record = this.#chains.after(record, hash);
    if (record === 0) return -1;
    this.#lastLocal = record;
    return this.ring.slot(record);
  }

  /** Newest record of the trace in `key`, and the next older one. */
  findTrace(key: Uint32Array): number {
    return this.#byTrace.find(key, 0, 0, TRACE_WORDS);
  }

  findOlderTrace(key: Uint32Array, record: number): number {
    return this.#byTrace.findOlder(record, key, 0, 0, TRACE_WORDS);
  }

  /** Copies trace id and parent id into `key`. */
  readKey(record: number, key: Uint32Array): void {
    this.#line.read(record, 0, KEY_WORDS, key, 0);
  }

  spanId(record: number): string {
    return this.#line.format(record, OWN_ID_AT, SPAN_WORDS);
  }

  #isLocal(record: number, key: Uint32Array, serviceId: number): boolean {
    const slot = this.ring.slot(record);
    if (this.role(slot) !== LOCAL || this.service(slot) !== serviceId) return false;
    return sameWords(this.#line.words, this.#line.at(record), key, 0, TRACE_WORDS);
  }

  #count(at: number, most: number): number {
    const bytes = this.#bytes;
    const count = (bytes[at] as number) + 1;
    if (count > most) return 0;
    bytes[at] = count;
    return count;
  }
}
