/** The words of the records of a ring, as many for each. */
import { formatWords } from "./id-words.ts";
import type { Ring } from "./ring.ts";

export class RecordWords {
  readonly words: Uint32Array;
  readonly stride: number;
  readonly #mask: number;

  constructor({ capacity }: Ring, stride: number) {
    this.words = new Uint32Array(capacity * stride);
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

  write(record: number, from: Uint32Array): void {
    const { words, stride } = this;
    const at = this.at(record);
    for (let word = 0; word < stride; word += 1) words[at + word] = from[word] as number;
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
