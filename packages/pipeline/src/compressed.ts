/** The compressed body a batch came as: whoever sends the batch on as it is need not compress it again. */
import type { Batch } from "@tracemend/otlp";

/** A stage that edits a batch makes another, so what is found here is never stale. */
const bodies = new WeakMap<Batch, Uint8Array>();

/** `gzip` inflates to the bytes of the batch, in every reader: see `isOneMember`. */
export function cameAs(batch: Batch, gzip: Uint8Array | undefined): void {
  if (gzip !== undefined && batch.bytes > 0) bodies.set(batch, gzip);
}

export function gzipOf(batch: Batch): Uint8Array | undefined {
  return bodies.get(batch);
}

/** What a batch takes in memory. */
export function residentBytes(batch: Batch): number {
  return batch.bytes + (bodies.get(batch)?.byteLength ?? 0);
}

/**
 * Some readers stop after the first member (RFC 1952 §2.2). The length at the end of a body is that of its last member:
 * when it is that of all of it, any other member is empty.
 */
export function isOneMember(gzip: Uint8Array, inflatedBytes: number): boolean {
  if (gzip.byteLength < 18 || hasEmptyStart(gzip)) return false;
  return new DataView(gzip.buffer, gzip.byteOffset).getUint32(gzip.byteLength - 4, true) === inflatedBytes;
}

/** Of a header without optional fields, followed by an empty block (RFC 1951 §3.2.3); other headers are not gone into. */
function hasEmptyStart(gzip: Uint8Array): boolean {
  const isPlainHeader = gzip[3] === 0;
  const startsEmpty = (gzip[10] === 0x03 && gzip[11] === 0x00) || gzip[10] === 0x01;
  return !isPlainHeader || startsEmpty;
}
