/** The format of one record: a header that proves itself, then the OTLP bytes of a batch. */
import { crc32 } from "node:zlib";
import type { Batch, Signal } from "@tracemend/otlp";
import { signals } from "./totals.ts";
import type { Totals } from "./totals.ts";

export interface RecordHeader {
  /** Rises by one from record to record; a number is never used twice. */
  readonly seq: number;
  readonly signal: Signal;
  readonly items: number;
  readonly payloadBytes: number;
  readonly payloadCrc: number;
  /** Items of every signal that were written before this record: a gap tells what was in it. */
  readonly before: Totals;
}

/*
 * Little-endian:
 *   0 magic        u32
 *   4 header CRC   u32   over bytes 8 to 63, seeded with the segment's salt
 *   8 payload CRC  u32
 *  12 length       u32   of the payload
 *  16 items        u32
 *  20 signal       u32   index in `signals`
 *  24 seq          u48, two bytes 0
 *  32 before       four times u48, two bytes 0
 */
export const headerBytes = 64;

/** "tmq1"; 1 is the version of this format. */
export const magic: Buffer = Buffer.from("tmq1");

export function recordBytes(batch: Batch): number {
  return headerBytes + batch.bytes;
}

/**
 * `salt` is drawn for each segment: without it, bytes that a sender put into its telemetry could pass for a record when
 * the reader looks for the next one after damage.
 */
export function formatHeader(seq: number, batch: Batch, before: Totals, salt: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.writeUInt32LE(payloadCrc(batch.parts), 8);
  header.writeUInt32LE(batch.bytes, 12);
  header.writeUInt32LE(batch.items, 16);
  header.writeUInt32LE(signals.indexOf(batch.signal), 20);
  header.writeUIntLE(seq, 24, 6);
  for (const [index, count] of before.entries()) header.writeUIntLE(count, 32 + 8 * index, 6);
  header.writeUInt32LE(crc32(header.subarray(8), salt), 4);
  return header;
}

/** Undefined when no whole and sound header begins at the offset. */
export function parseHeader(bytes: Buffer, offset: number, salt: number): RecordHeader | undefined {
  if (offset + headerBytes > bytes.length) return undefined;
  const header = bytes.subarray(offset, offset + headerBytes);
  if (header.compare(magic, 0, magic.length, 0, magic.length) !== 0) return undefined;
  if (header.readUInt32LE(4) !== crc32(header.subarray(8), salt)) return undefined;
  const signal = signals[header.readUInt32LE(20)];
  if (signal === undefined) return undefined;
  return {
    seq: header.readUIntLE(24, 6),
    signal,
    items: header.readUInt32LE(16),
    payloadBytes: header.readUInt32LE(12),
    payloadCrc: header.readUInt32LE(8),
    before: signals.map((_, index) => header.readUIntLE(32 + 8 * index, 6)),
  };
}

export function payloadCrc(parts: readonly Uint8Array[]): number {
  return parts.reduce((crc, part) => crc32(part, crc), 0);
}
