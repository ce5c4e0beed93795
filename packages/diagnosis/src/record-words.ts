/** The words of the records of a ring, as many for each: what is read together lies in one line of the processor's cache. */
import { formatWords } from "./id-words.ts";
import type { Ring } from "./ring.ts";

export const LINE_WORDS = 16;
const LINE_BYTES = 64;

/** What malloc of glibc writes before a large block, which begins with a page. */
const HEADER_BYTES = 16;

/** Words that begin with a line of the cache, wherever memory is shared out like that. */
export function alignedWords(count: number): Uint32Array {
  const skipped = LINE_BYTES - HEADER_BYTES;
  return new Uint32Array(new ArrayBuffer(skipped + count * 4), skipped, count);
}

export class RecordWords {
  readonly words: Uint32Array;
  /** The same bytes as numbers of other kinds. */
  readonly links: Int32Array;
  readonly times: Float64Array;
  readonly halves: Uint16Array;
  readonly bytes: Uint8Array;
  readonly stride: number;
  readonly #mask: number;

  /** `stride` is even where there are times in it. */
  constructor({ capacity }: Ring, stride: number) {
    this.words = alignedWords(capacity * stride);
    const { buffer, byteOffset, length } = this.words;
    this.links = new Int32Array(buffer, byteOffset, length);
    this.times = new Float64Array(buffer, byteOffset, length >> 1);
    this.halves = new Uint16Array(buffer, byteOffset, 2 * length);
    this.bytes = new Uint8Array(buffer, byteOffset, 4 * length);
    this.stride = stride;
    this.#mask = capacity - 1;
  }

  /** Where the words of this record begin. */
  at(record: number): number {
    return (record & this.#mask) * this.stride;
  }

  /** Whether the word at `place` of what is in this slot is not 0. */
  isSet(slot: number, place: number): boolean {
    return this.words[slot * this.stride + place] !== 0;
  }

  /** Writes `count` words from `at` on to the beginning of the record. */
  write(record: number, from: Uint32Array, at: number, count: number): void {
    const { words } = this;
    const to = this.at(record);
    for (let word = 0; word < count; word += 1) words[to + word] = from[at + word] as number;
  }

  /** Copies `count` words from `place` on to `at`. */
  read(record: number, place: number, count: number, into: Uint32Array, at: number): void {
    const { words } = this;
    const from = this.at(record) + place;
    for (let word = 0; word < count; word += 1) into[at + word] = words[from + word] as number;
  }

  format(record: number, place: number, count: number): string {
    return formatWords(this.words, this.at(record) + place, count);
  }
}
