/** The longest of the records that a ring holds, or longer by what it held before. */

export class Longest {
  /** Since slot 0 was last written, and before: a field that turns from a small number into a long one undoes compiled code. */
  readonly #ms: Float64Array = new Float64Array(2);

  /** To be told of each record. */
  note(slot: number, lengthMs: number): void {
    const ms = this.#ms;
    if (slot === 0) {
      ms[1] = ms[0] as number;
      ms[0] = 0;
    }
    if (lengthMs > (ms[0] as number)) ms[0] = lengthMs;
  }

  /** 0 while there is none. */
  ms(): number {
    return Math.max(this.#ms[0] as number, this.#ms[1] as number);
  }
}
