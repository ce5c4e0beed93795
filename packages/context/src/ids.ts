/** New trace and span ids from an injected random source. */
import { formatBytes } from "./hex.ts";

/** Fills the array with random bytes, as `crypto.getRandomValues` does. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => void;

export interface Ids {
  /** 32 lower-case hexadecimal digits, not all zero. */
  traceId(): string;
  /** 16 lower-case hexadecimal digits, not all zero. */
  spanId(): string;
}

/** Random bytes are drawn in blocks: a call into the source for each id would cost more than the id. */
const BLOCK_BYTES = 1024;

export function createIds(random: RandomBytes): Ids {
  const block = new Uint8Array(BLOCK_BYTES);
  let used = BLOCK_BYTES;
  const take = (length: number): string => {
    for (;;) {
      if (used + length > BLOCK_BYTES) {
        random(block);
        used = 0;
      }
      const bytes = block.subarray(used, used + length);
      used += length;
      if (bytes.some((byte) => byte !== 0)) return formatBytes(bytes);
    }
  };
  return { traceId: () => take(16), spanId: () => take(8) };
}
