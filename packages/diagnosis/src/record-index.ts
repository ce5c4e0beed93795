/** Looks records of a ring up: by words of their ids, or by a number and the second they began in; the newest first. */
import { hashId, hashPair } from "./hash.ts";
import { sameWords } from "./id-words.ts";
import type { RecordWords } from "./record-words.ts";
import type { Chains, Ring } from "./ring.ts";
import { SECOND_MS, createLateChains, secondOf } from "./ring.ts";

/** Records by two neighbouring words of their own, and as many around them as are asked for. */
export class WordIndex {
  readonly #chains: Chains;
  readonly #table: RecordWords;
  readonly #hashAt: number;
  readonly #seed: number;

  /** `hashAt`: the place of the two words. The caller adds records to `chains`, unless they are late. */
  constructor(chains: Chains, table: RecordWords, hashAt: number, seed: number) {
    this.#chains = chains;
    this.#table = table;
    this.#hashAt = hashAt;
    this.#seed = seed;
  }

  /**
   * The newest record whose `count` words at `place` are those of `key` at `at`; 0 for none. The two words by which
   * records are found are among them.
   */
  find(key: Uint32Array, at: number, place: number, count: number): number {
    if (this.#chains.isEmpty()) return 0;
    const hash = hashId(key, at + this.#hashAt - place, this.#seed);
    return this.#seek(this.#chains.first(hash), hash, key, at, place, count);
  }

  /** The next older one. */
  findOlder(record: number, key: Uint32Array, at: number, place: number, count: number): number {
    const hash = hashId(key, at + this.#hashAt - place, this.#seed);
    return this.#seek(this.#chains.after(record, hash), hash, key, at, place, count);
  }

  #seek(from: number, hash: number, key: Uint32Array, at: number, place: number, count: number): number {
    const table = this.#table;
    let record = from;
    while (record !== 0 && !sameWords(table.words, table.at(record) + place, key, at, count)) {
      record = this.#chains.after(record, hash);
    }
    return record;
  }
}

/** An index by words that takes records in once somebody looks for one; `isKept` tells which have a key: all where absent. */
export function createLateWordIndex(
  ring: Ring,
  table: RecordWords,
  hashAt: number,
  seed: number,
  isKept: (slot: number) => boolean = () => true,
): WordIndex {
  const { words, stride } = table;
  const chains = createLateChains(ring, (slot) =>
    isKept(slot)
      ? hashPair(words[slot * stride + hashAt] as number, words[slot * stride + hashAt + 1] as number, seed)
      : undefined,
  );
  return new WordIndex(chains, table, hashAt, seed);
}

/** One number of each record: where it stands in the first, and how far on it does in the next. */
export interface Field<Numbers> {
  readonly values: Numbers;
  readonly stride: number;
  readonly at: number;
}

/** Records by a number and the second in which they began: a busy connection's records are too many for one chain. */
export class MomentIndex {
  readonly #ring: Ring;
  readonly #chains: Chains;
  readonly #numbers: Field<Uint16Array | Uint32Array>;
  readonly #startMs: Field<Float64Array>;
  readonly #seed: number;

  constructor(
    ring: Ring,
    numbers: Field<Uint16Array | Uint32Array>,
    startMs: Field<Float64Array>,
    seed: number,
    isKept: (slot: number) => boolean,
  ) {
    this.#ring = ring;
    this.#numbers = numbers;
    this.#startMs = startMs;
    this.#seed = seed;
    this.#chains = createLateChains(ring, (slot) => {
      if (!isKept(slot)) return undefined;
      const number = numbers.values[slot * numbers.stride + numbers.at] as number;
      return hashPair(number, secondOf(startMs.values[slot * startMs.stride + startMs.at] as number), seed);
    });
  }

  /** 0 for none. */
  find(number: number, second: number): number {
    if (this.#chains.isEmpty()) return 0;
    const hash = hashPair(number, second, this.#seed);
    return this.#seek(this.#chains.first(hash), hash, number, second);
  }

  /** `most`: records of a chain that are looked at. */
  findOlder(record: number, number: number, second: number, most?: number): number {
    const hash = hashPair(number, second, this.#seed);
    return this.#seek(this.#chains.after(record, hash, most), hash, number, second, most);
  }

  #seek(from: number, hash: number, number: number, second: number, most?: number): number {
    const fromMs = second * SECOND_MS;
    const numbers = this.#numbers;
    const times = this.#startMs;
    let record = from;
    while (record !== 0) {
      const slot = this.#ring.slot(record);
      const startMs = times.values[slot * times.stride + times.at] as number;
      const fits = startMs >= fromMs && startMs < fromMs + SECOND_MS;
      if (fits && numbers.values[slot * numbers.stride + numbers.at] === number) break;
      record = this.#chains.after(record, hash, most);
    }
    return record;
  }
}
