/** Remembers which records have met their fate, so that a restart begins where the last run ended. */
import { crc32 } from "node:zlib";
import { readFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Files } from "./files.ts";
import type { Segment } from "./segment.ts";
import { addTotals, noTotals } from "./totals.ts";
import type { Totals } from "./totals.ts";

/** A record that is done with, or the first of several and the items of them all: a file that is gone, a damaged place. */
export interface Settled {
  readonly seq: number;
  readonly items: Totals;
}

export interface Journal {
  /** Written soon, and not waited for: an entry lost in a crash means that a record is sent twice. */
  settled(entry: Settled): void;
  /** Resolves when what was settled until now is written, and on the device unless `fsync` is off. */
  flushed(): Promise<void>;
  /** Writes what is open. */
  close(): Promise<void>;
}

/** u48 number, u16 1 for a mark of the highest number and else 0, four u48 item counts, u32 CRC of the 32 bytes before it; little-endian. */
const entryBytes = 36;
const name = "settled";
/** A journal that grew by this much is rewritten without the entries of segments that are gone. */
const growthBytes = 256 * 1024;
/** So many entries wait while the disk is full; of what goes beyond, records may be sent twice. */
const mostOpen = 65_536;

export interface JournalContent {
  /** Up to the first damaged one; none when there is no journal. */
  readonly entries: readonly Settled[];
  /** The highest number ever settled. */
  readonly lastSeq: number;
}

export function readJournal(folder: string): JournalContent {
  const entries: Settled[] = [];
  let lastSeq = 0;
  const bytes = readFile(join(folder, name));
  for (let offset = 0; offset + entryBytes <= bytes.length; offset += entryBytes) {
    const entry = bytes.subarray(offset, offset + entryBytes);
    if (entry.readUInt32LE(32) !== crc32(entry.subarray(0, 32))) break;
    const seq = entry.readUIntLE(0, 6);
    lastSeq = Math.max(lastSeq, seq);
    if (entry.readUInt16LE(6) === 1) continue;
    entries.push({ seq, items: noTotals.map((_, index) => entry.readUIntLE(8 + 6 * index, 6)) });
  }
  return { entries, lastSeq };
}

export interface JournalOptions {
  readonly folder: string;
  readonly files: Files;
  readonly fsync: boolean;
  /** In order. */
  readonly segments: readonly Segment[];
}

/**
 * The highest number ever settled is always kept: were it given out again, the new record would pass for one that is done
 * with.
 */
export function createJournal({ folder, files, fsync, segments }: JournalOptions): Journal {
  const path = join(folder, name);
  let open: Settled[] = [];
  let handle: FileHandle | undefined;
  let bytes = 0;
  let rewriteAtBytes = 0;
  let flushing: Promise<void> | undefined;

  const rewrite = async (): Promise<void> => {
    await handle?.close();
    handle = undefined;
    const { entries, lastSeq } = readJournal(folder);
    const kept = compact(entries, segments);
    const fresh = await files.open(`${path}.new`, "w");
    try {
      await writeWhole(fresh, Buffer.concat([formatMark(lastSeq), ...kept.map(format)]), 0);
      if (fsync) await fresh.datasync();
    } finally {
      await fresh.close();
    }
    await files.rename(`${path}.new`, path);
    bytes = (kept.length + 1) * entryBytes;
    rewriteAtBytes = 2 * bytes + growthBytes;
  };

  const write = async (entries: readonly Settled[]): Promise<void> => {
    if (bytes >= rewriteAtBytes) await rewrite();
    handle ??= await files.open(path, "r+");
    const chunk = Buffer.concat(entries.map(format));
    await writeWhole(handle, chunk, bytes);
    bytes += chunk.length;
  };

  const flush = async (): Promise<void> => {
    while (open.length > 0) {
      const entries = open;
      open = [];
      try {
        await write(entries);
      } catch {
        // Without these entries records are sent twice after a restart, so they wait for the next flush.
        open = [...entries, ...open].slice(0, mostOpen);
        break;
      }
    }
    flushing = undefined;
  };

  const begin = (): Promise<void> => (flushing ??= Promise.resolve().then(flush));

  return {
    settled(entry) {
      if (open.length < mostOpen) open.push(entry);
      void begin();
    },
    async flushed() {
      await begin();
      if (fsync) await handle?.datasync().catch(() => {});
    },
    async close() {
      await begin();
      await handle?.close();
    },
  };
}

/** Single entries for the files there are, one for each run of files that are gone behind the first. */
function compact(entries: readonly Settled[], segments: readonly Segment[]): Settled[] {
  const sorted = entries.toSorted((one, other) => one.seq - other.seq);
  const kept: Settled[] = [];
  const firstSeq = segments[0]?.firstSeq ?? Infinity;
  let segment = 0;
  let gone: Settled | undefined;
  for (const [index, entry] of sorted.entries()) {
    if (entry.seq < firstSeq || entry.seq === sorted[index - 1]?.seq) continue;
    while (entry.seq >= (segments[segment + 1]?.firstSeq ?? Infinity)) {
      segment += 1;
      gone = undefined;
    }
    if (entry.seq <= (segments[segment]?.lastSeq ?? 0)) {
      kept.push(entry);
      continue;
    }
    if (gone !== undefined) kept.pop();
    gone = { seq: gone?.seq ?? entry.seq, items: addTotals(gone?.items ?? noTotals, entry.items) };
    kept.push(gone);
  }
  return kept;
}

function format({ seq, items }: Settled): Buffer {
  const bytes = Buffer.alloc(entryBytes);
  bytes.writeUIntLE(seq, 0, 6);
  for (const [index, count] of items.entries()) bytes.writeUIntLE(count, 8 + 6 * index, 6);
  return sign(bytes);
}

function formatMark(seq: number): Buffer {
  const bytes = Buffer.alloc(entryBytes);
  bytes.writeUIntLE(seq, 0, 6);
  bytes.writeUInt16LE(1, 6);
  return sign(bytes);
}

function sign(entry: Buffer): Buffer {
  entry.writeUInt32LE(crc32(entry.subarray(0, 32)), 32);
  return entry;
}

async function writeWhole(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const part = await handle.write(bytes, written, bytes.length - written, position + written);
    written += part.bytesWritten;
  }
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
