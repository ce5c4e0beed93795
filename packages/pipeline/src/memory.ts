/** Memory that is used again: new memory costs more than filling it, in page faults and garbage collection. */

export interface Memory {
  /** At least so many bytes, of whatever content. They come back when the last who holds them releases them. */
  readonly take: (bytes: number) => Buffer<ArrayBuffer>;
  /** What is kept for the next. */
  readonly keptBytes: number;
}

/** Sizes differ by this much at least. Smaller pieces are not worth keeping. */
const stepBytes = 8 * 1024;
const leastBytes = 4 * stepBytes;
/** What counts its bytes must not sit in much more memory than that. */
const mostWaste = 1.25;

/** A piece of memory, and who reads it. */
interface Piece {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly back: (piece: Piece) => void;
  holders: number;
  spoiled: boolean;
}

const pieces = new WeakMap<ArrayBufferLike, Piece>();

/** Keeps at most `maxBytes` to be taken again. */
export function createMemory(maxBytes: number): Memory {
  const kept: Piece[] = [];
  let keptBytes = 0;
  const back = (piece: Piece): void => {
    if (keptBytes + piece.bytes.byteLength > maxBytes) return;
    keptBytes += piece.bytes.byteLength;
    kept.push(piece);
  };
  return {
    get keptBytes() {
      return keptBytes;
    },
    take(bytes) {
      if (bytes < leastBytes) return Buffer.allocUnsafeSlow(bytes);
      const fits = ({ bytes: { byteLength } }: Piece): boolean =>
        byteLength >= bytes && byteLength <= mostWaste * bytes;
      const index = kept.findLastIndex(fits);
      const [found] = index < 0 ? [] : kept.splice(index, 1);
      if (found !== undefined) {
        keptBytes -= found.bytes.byteLength;
        return found.bytes;
      }
      const fresh = Buffer.allocUnsafeSlow(Math.ceil(bytes / stepBytes) * stepBytes);
      pieces.set(fresh.buffer, { bytes: fresh, back, holders: 0, spoiled: false });
      return fresh;
    },
  };
}

/** From now on somebody reads these bytes later, and will release them. Other memory than that of a `Memory` is let be. */
export function hold(parts: readonly Uint8Array[]): void {
  for (const part of parts) {
    const piece = pieces.get(part.buffer);
    if (piece !== undefined) piece.holders += 1;
  }
}

/** They will not be read any more by one who held them. */
export function release(parts: readonly Uint8Array[]): void {
  for (const part of parts) {
    const piece = pieces.get(part.buffer);
    if (piece === undefined) continue;
    piece.holders -= 1;
    if (piece.holders === 0 && !piece.spoiled) piece.back(piece);
  }
}

/** Something nobody waits for may go on reading these bytes: their memory is left to the garbage collector. */
export function spoil(parts: readonly Uint8Array[]): void {
  for (const part of parts) {
    const piece = pieces.get(part.buffer);
    if (piece !== undefined) piece.spoiled = true;
  }
}

/** The same bytes for good, whoever else held them: a copy, unless they are in memory that is not used again. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  if (!pieces.has(bytes.buffer)) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.byteLength);
  own.set(bytes);
  return own;
}

/** Would who counts only these bytes be wrong by much about the memory they keep? */
export function isWasteful(bytes: Uint8Array): boolean {
  return bytes.buffer.byteLength > mostWaste * bytes.byteLength;
}
