/** Memory that is used again: new memory costs more than filling it, in page faults and garbage collection. */

export interface Memory {
  /** At least so many bytes, of whatever content. */
  take(bytes: number): Buffer<ArrayBuffer>;
  /** Nobody reads these bytes any more. Whoever cannot be sure of that lets the garbage collector have them. */
  give(bytes: Buffer<ArrayBuffer>): void;
}

/** Bodies differ in size: what is kept should fit the next one. Smaller pieces are not worth keeping. */
const stepBytes = 64 * 1024;

const reused = new WeakSet<ArrayBufferLike>();

/** Keeps at most `maxBytes` to be taken again. */
export function createMemory(maxBytes: number): Memory {
  const kept: Buffer<ArrayBuffer>[] = [];
  let keptBytes = 0;
  return {
    take(bytes) {
      if (bytes < stepBytes) return Buffer.allocUnsafeSlow(bytes);
      const index = kept.findLastIndex((one) => one.byteLength >= bytes);
      const [found] = index < 0 ? [] : kept.splice(index, 1);
      if (found !== undefined) {
        keptBytes -= found.byteLength;
        return found;
      }
      const fresh = Buffer.allocUnsafeSlow(Math.ceil(bytes / stepBytes) * stepBytes);
      reused.add(fresh.buffer);
      return fresh;
    },
    give(bytes) {
      if (bytes.byteLength < stepBytes || keptBytes + bytes.byteLength > maxBytes) return;
      keptBytes += bytes.byteLength;
      kept.push(bytes);
    },
  };
}

/** The same bytes in memory that is not used again by others: a copy, unless they are in such memory already. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  if (!reused.has(bytes.buffer)) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.byteLength);
  own.set(bytes);
  return own;
}
