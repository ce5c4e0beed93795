/** Cuts a batch into batches of a limited number of items and bytes. */

import { type Batch, isDivisible } from "./batch.ts";
import { forEachItem, Piece } from "./sieve.ts";

export interface SplitLimit {
  /** Items in one batch. */
  readonly maxItems?: number;
  /** Bytes of one uncompressed request message. */
  readonly maxBytes?: number;
}

/**
 * Each piece repeats its resource and scope, so a sender could have a small request with a large resource multiplied
 * by its number of spans. What is left when this many bytes were repeated stays in one piece.
 */
const maxRepeatedBytes = 8 * 1024 * 1024;

/**
 * Cuts a batch into pieces, in order; a batch within the limit is returned as it is. Metrics are cut between data
 * points. A piece is larger than the limit only when it is a single item (or a metric with several kinds of data), or
 * when it is the last one and cutting further would repeat more than 8 MiB of resources and scopes. Profiles are never
 * cut. Throws TypeError for a limit below 1.
 */
export function splitBatch(batch: Batch, limit: SplitLimit): readonly Batch[] {
  const maxItems = checkLimit("maxItems", limit.maxItems);
  const maxBytes = checkLimit("maxBytes", limit.maxBytes);
  if ((batch.items <= maxItems && batch.bytes <= maxBytes) || !isDivisible(batch.signal)) return [batch];
  const pieces: Batch[] = [];
  let writtenBytes = 0;
  let piece = new Piece();
  forEachItem(batch, (cursor, envelope, items) => {
    const full = piece.items + items > maxItems || piece.maxBytes + piece.growth(cursor, envelope) > maxBytes;
    if (full && piece.maxBytes > 0 && writtenBytes - batch.bytes < maxRepeatedBytes) {
      pieces.push(piece.finish(batch.signal));
      writtenBytes += piece.maxBytes;
      piece = new Piece();
    }
    piece.add(cursor, envelope, items);
  });
  if (piece.maxBytes > 0) pieces.push(piece.finish(batch.signal));
  return pieces.length === 0 ? [batch] : pieces;
}

function checkLimit(name: keyof SplitLimit, value: number | undefined): number {
  if (value === undefined) return Infinity;
  if (!Number.isInteger(value) || value < 1)
    throw new TypeError(`${name} must be a whole number above 0, not ${value}`);
  return value;
}
