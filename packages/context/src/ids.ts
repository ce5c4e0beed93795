/** New trace and span ids from an injected random source. */
import { formatWord } from "./hex.ts";

/** Fills the array with random bytes, as `crypto.getRandomValues` does. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => void;

export interface Ids {
  /** 32 lower-case hexadecimal digits, not all zero. */
  traceId(): string;
  /** 16 lower-case hexadecimal digits, not all zero. */
  spanId(): string;
}

/** Random bytes are drawn in blocks: a call into the source for each id would cost more than the id. */
const BLOCK_BYTES = 16_384;
const WORD_BYTES = 4;

export function createIds(random: RandomBytes): Ids {
  const block = new Uint8Array(BLOCK_BYTES);
  const words = new DataView(block.buffer);
  let used = BLOCK_BYTES;
  /** Ids are whole words, and so is a block. */
  const word = (): number => {
    if (used === BLOCK_BYTES) {
      random(block);
      used = 0;
    }
    used += WORD_BYTES;
    return words.getUint32(used - WORD_BYTES);
  };
  const take = (count: number): string => {
    for (;;) {
      let bits = 0;
      let text = "";
      for (let at = 0; at < count; at += 1) {
        const drawn = word();
        bits |= drawn;
        text += formatWord(drawn);
      }
      if (bits !== 0) return text;
    }
  };
  return { traceId: () => take(4), spanId: () => take(2) };
}
