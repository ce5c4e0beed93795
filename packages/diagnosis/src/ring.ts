/** A ring of numbered records and hash chains over it that need no removal when the ring overwrites a record. */

export interface Ring {
  /** A power of two. */
  readonly capacity: number;
  /** The number of the newest record, 0 before the first; numbers go up by one and never repeat. */
  newest(): number;
  /** The number of the oldest record that is still held; `newest() + 1` while the ring is empty. */
  oldest(): number;
  /** Takes the place of the next record, over the oldest one when the ring is full, and returns its number. */
  advance(): number;
  /** Where the record of this number stands in the columns. */
  slot(record: number): number;
}

export function createRing(capacity: number): Ring {
  return new NumberedRing(capacity);
}

/** A class: its calls are the hottest there are, and those of one method are cheaper than those of many closures. */
class NumberedRing implements Ring {
  readonly capacity: number;
  readonly #mask: number;
  #newest = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#mask = capacity - 1;
  }

  newest(): number {
    return this.#newest;
  }

  oldest(): number {
    return Math.max(1, this.#newest - this.capacity + 1);
  }

  advance(): number {
    this.#newest += 1;
    return this.#newest;
  }

  slot(record: number): number {
    return record & this.#mask;
  }
}

/** Their numbers, and those of as many that are gone, have room in `NUMBER_BITS`. */
const MOST_RECORDS: number = 2 ** 22;

/** The largest power of two of records of this size that fits, from 16 to 2^22. */
export function capacityFor(bytes: number, bytesPerRecord: number): number {
  let capacity = 16;
  while (capacity < MOST_RECORDS && capacity * 2 * bytesPerRecord <= bytes) capacity *= 2;
  return capacity;
}

/** Bytes that one index takes for one record: a bucket and a link. */
export const INDEX_BYTES = 8;

/** How far a chain is followed: ids that were chosen to collide must not cost more than this. */
const LONGEST_WALK = 64;

/** Records by a hash of their key, newest first. The caller compares keys: a chain holds others' records too. */
export interface Chains {
  /** The newest record of the chain that is still held; 0 for none. Late chains are to be asked before if they are empty. */
  first(hash: number): number;
  /** The next older one; 0 for none, and after the longest walk: `most` records, 64 unless told. */
  after(record: number, hash: number, most?: number): number;
  /** Whether no record with a hash is held: what tells of breaks is rare. */
  isEmpty(): boolean;
}

/** Chains that are told of each record. */
export interface OpenChains extends Chains {
  add(hash: number, record: number): void;
  /** Reads where the chain begins and does nothing with it: several in a row wait for the memory together. */
  touch(hash: number): number;
}

/** One word of each bucket or record: what lies beside it is found by the same look at memory. */
export interface Column {
  readonly words: Int32Array;
  /** Words of a bucket or record, and which of them is the index's own. */
  readonly stride: number;
  readonly at: number;
}

/** `heads`: where chains begin, a power of two of buckets. `links`: of each record to the next older one. */
export function createChains(ring: Ring, heads: Column = columnOf(ring), links: Column = columnOf(ring)): OpenChains {
  return new RingChains(ring, heads, links, undefined);
}

function columnOf({ capacity }: Ring): Column {
  return { words: new Int32Array(capacity), stride: 1, at: 0 };
}

/** The hash of the record in this slot; undefined where it has no such key. */
export type HashOf = (slot: number) => number | undefined;

/**
 * Chains that take records in once somebody looks for one, and read their hashes from the columns then: what no evidence
 * calls for is never written, and what is written together waits for the memory together.
 */
export function createLateChains(ring: Ring, hashOf: HashOf): Chains {
  return new RingChains(ring, columnOf(ring), columnOf(ring), hashOf);
}

/** Bits of what heads and links hold that are the number of a record; the others tell which hashes may follow. */
const NUMBER_BITS = 24;
const FIRST_SIGN: number = 2 ** NUMBER_BITS;
const NUMBER: number = FIRST_SIGN - 1;

/**
 * Heads and links hold the number of a record modulo a power of two, and eight signs beside it: a hash whose sign is not
 * set has no record from there on, which spares a look at keys and links that lie far apart in memory. Records are
 * overwritten in the order of their numbers and each chain is in that order too: the first number that is no longer held
 * ends the chain, so nothing has to be removed, but for numbers so old that they would come round again.
 */
class RingChains implements OpenChains {
  readonly #ring: Ring;
  readonly #capacity: number;
  readonly #mask: number;
  readonly #heads: Int32Array;
  readonly #stride: number;
  readonly #at: number;
  readonly #headMask: number;
  readonly #links: Int32Array;
  readonly #linkStride: number;
  readonly #linkAt: number;
  readonly #hashOf: HashOf | undefined;
  #walked = 0;
  /** The newest record that was added, and the newest that was looked at for it. */
  #added = 0;
  #taken = 0;
  /** The newest record when old numbers were last taken out. */
  #swept = 0;

  constructor(ring: Ring, { words, stride, at }: Column, links: Column, hashOf: HashOf | undefined) {
    const { capacity } = ring;
    this.#ring = ring;
    this.#capacity = capacity;
    this.#mask = capacity - 1;
    this.#heads = words;
    this.#stride = stride;
    this.#at = at;
    this.#headMask = words.length / stride - 1;
    this.#links = links.words;
    this.#linkStride = links.stride;
    this.#linkAt = links.at;
    this.#hashOf = hashOf;
  }

  add(hash: number, record: number): void {
    if (record - this.#swept > FIRST_SIGN / 2) this.#sweep(record);
    const head = (hash & this.#headMask) * this.#stride + this.#at;
    const before = this.#heads[head] as number;
    const age = (record - before) & NUMBER;
    const signs = age < this.#capacity ? before & ~NUMBER : 0;
    this.#links[(record & this.#mask) * this.#linkStride + this.#linkAt] = before;
    this.#heads[head] = (record & NUMBER) | signs | (FIRST_SIGN << (hash >>> 29));
    this.#added = record;
  }

  touch(hash: number): number {
    return this.#heads[(hash & this.#headMask) * this.#stride + this.#at] as number;
  }

  isEmpty(): boolean {
    this.#takeIn();
    return this.#added < this.#ring.oldest();
  }

  first(hash: number): number {
    this.#walked = 0;
    return this.#held(this.#heads[(hash & this.#headMask) * this.#stride + this.#at] as number, hash);
  }

  after(record: number, hash: number, most: number = LONGEST_WALK): number {
    this.#walked += 1;
    if (this.#walked >= most) return 0;
    return this.#held(this.#links[(record & this.#mask) * this.#linkStride + this.#linkAt] as number, hash);
  }

  #held(stored: number, hash: number): number {
    if ((stored & (FIRST_SIGN << (hash >>> 29))) === 0) return 0;
    const newest = this.#ring.newest();
    const age = (newest - stored) & NUMBER;
    return age < this.#capacity ? newest - age : 0;
  }

  /** Takes out what is no longer held. */
  #sweep(newest: number): void {
    for (let bucket = 0; bucket <= this.#headMask; bucket += 1) {
      const head = bucket * this.#stride + this.#at;
      const age = (newest - (this.#heads[head] as number)) & NUMBER;
      if (age >= this.#capacity) this.#heads[head] = 0;
    }
    this.#swept = newest;
  }

  #takeIn(): void {
    if (this.#hashOf !== undefined && this.#taken !== this.#ring.newest()) this.#takeInFrom(this.#hashOf);
  }

  #takeInFrom(hashOf: HashOf): void {
    const newest = this.#ring.newest();
    const oldest = this.#ring.oldest();
    if (this.#taken < oldest - 1) this.#clear();
    for (let record = Math.max(this.#taken + 1, oldest); record <= newest; record += 1) {
      const hash = hashOf(this.#ring.slot(record));
      if (hash !== undefined) this.add(hash, record);
    }
    this.#taken = newest;
  }

  /** Forgets all records. */
  #clear(): void {
    for (let bucket = 0; bucket <= this.#headMask; bucket += 1) this.#heads[bucket * this.#stride + this.#at] = 0;
    this.#swept = this.#ring.newest();
  }
}

export const SECOND_MS = 1_000;

/** The second of a time: a busy connection's records are too many for one chain. */
export function secondOf(ms: number): number {
  return Math.floor(ms / SECOND_MS);
}
