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
  const mask = capacity - 1;
  let newest = 0;
  return {
    capacity,
    newest: () => newest,
    oldest: () => Math.max(1, newest - capacity + 1),
    advance: () => {
      newest += 1;
      return newest;
    },
    slot: (record) => record & mask,
  };
}

/** The largest power of two of records of this size that fits, at least 16. */
export function capacityFor(bytes: number, bytesPerRecord: number): number {
  let capacity = 16;
  while (capacity * 2 * bytesPerRecord <= bytes) capacity *= 2;
  return capacity;
}

/** Bytes that one index takes for one record: a bucket and a link. */
export const INDEX_BYTES = 8;

/** How far a chain is followed: ids that were chosen to collide must not cost more than this. */
const LONGEST_WALK = 64;

/** Records by a hash of their key, newest first. The caller compares keys: a chain holds others' records too. */
export interface Chains {
  add(hash: number, record: number): void;
  /** The newest record of the chain that is still held; 0 for none. */
  first(hash: number): number;
  /** The next older one; 0 for none, and after the longest walk. */
  after(record: number): number;
}

/**
 * Buckets and links hold record numbers modulo 2^32. Records are overwritten in the order of their numbers and each
 * chain is in that order too: the first number that is no longer held ends the chain, so nothing has to be removed.
 */
export function createChains(ring: Ring): Chains {
  const buckets = new Uint32Array(ring.capacity);
  const links = new Uint32Array(ring.capacity);
  const mask = ring.capacity - 1;
  let walked = 0;
  const held = (stored: number): number => {
    const newest = ring.newest();
    const record = newest - ((newest - stored) >>> 0);
    return record >= ring.oldest() ? record : 0;
  };
  return {
    add(hash, record) {
      links[ring.slot(record)] = buckets[hash & mask] as number;
      buckets[hash & mask] = record;
    },
    first(hash) {
      walked = 0;
      return held(buckets[hash & mask] as number);
    },
    after(record) {
      walked += 1;
      return walked >= LONGEST_WALK ? 0 : held(links[ring.slot(record)] as number);
    },
  };
}

/** The second of a time: a busy connection's records are too many for one chain. */
export function secondOf(ms: number): number {
  return Math.floor(ms / 1_000);
}
