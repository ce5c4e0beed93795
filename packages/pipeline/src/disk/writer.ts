/** Appends records: all that wait go out in one write, and are durable by policy before anybody is told. */
import { randomInt } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Batch } from "@tracemend/otlp";
import { messageOf } from "../cause.ts";
import type { Clock, Timer } from "../clock.ts";
import { isDiskFull } from "./files.ts";
import type { Files } from "./files.ts";
import type { Storage } from "./options.ts";
import { formatHeader, recordBytes } from "./record.ts";
import type { LogRecord } from "./reader.ts";
import { createSegment } from "./segment.ts";
import type { Segment } from "./segment.ts";
import { addTotals, totalsOf } from "./totals.ts";
import type { Totals } from "./totals.ts";

export type Appended = { readonly kind: "written" } | WriteFailure;

export interface WriteFailure {
  readonly kind: "failed";
  readonly full: boolean;
  readonly message: string;
}

/** Called in the order of the log, before anybody can read the record. */
export type Written = (record: LogRecord, offset: number) => void;

export interface WriterOptions {
  readonly storage: Storage;
  readonly files: Files;
  readonly clock: Clock;
  readonly segments: Segment[];
  readonly start: { readonly nextSeq: number; readonly written: Totals };
  /** Asked before a write of so many bytes: should the file end here, although it is not full? */
  readonly shouldRoll: (segment: Segment, bytes: number) => boolean;
  /** A file got its last record. */
  readonly sealed: () => void;
  /** Bytes could not be forced to the device after their sender was told. */
  readonly syncFailed: (message: string) => void;
}

export interface Writer {
  /** Items of every signal ever written. */
  readonly written: Totals;
  append(batch: Batch, written: Written): Promise<Appended>;
  /** Waits for what is being written, and forces it to the device unless the policy says never. */
  close(): Promise<void>;
}

interface Waiting {
  readonly batch: Batch;
  readonly written: Written;
  readonly answer: (appended: Appended) => void;
}

/** One write takes no more than this, unless it is one record. */
const groupBytes = 4 * 1024 * 1024;

export function createWriter(options: WriterOptions): Writer {
  const { storage, files, clock, segments } = options;
  const { fsync } = storage;
  const waiting: Waiting[] = [];
  let { nextSeq, written } = options.start;
  let current: { readonly segment: Segment; readonly handle: FileHandle } | undefined;
  let working: Promise<void> | undefined;
  let timer: Timer | undefined;
  let dirty = false;

  const seal = async (): Promise<void> => {
    if (current === undefined) return;
    const { segment, handle } = current;
    current = undefined;
    segment.sealed = true;
    try {
      if (dirty && fsync !== "never") await handle.datasync();
      await handle.close();
    } catch (cause) {
      options.syncFailed(messageOf(cause));
    }
    dirty = false;
    options.sealed();
  };

  const openNext = async (): Promise<NonNullable<typeof current>> => {
    const segment = createSegment(storage.folder, nextSeq, written, randomInt(2 ** 32));
    const handle = await files.open(segment.path, "wx");
    segments.push(segment);
    current = { segment, handle };
    if (fsync === "always") await syncFolder(files, storage.folder);
    return current;
  };

  const place = async (bytes: number): Promise<NonNullable<typeof current>> => {
    if (current !== undefined) {
      const { segment } = current;
      if (segment.bytes >= storage.segmentBytes || options.shouldRoll(segment, bytes)) await seal();
    }
    return current ?? openNext();
  };

  const syncLater = (intervalMs: number): void => {
    timer ??= clock.after(intervalMs, () => {
      timer = undefined;
      const { handle } = current ?? {};
      dirty = false;
      handle?.datasync().catch((cause: unknown) => options.syncFailed(messageOf(cause)));
    });
  };

  const write = async (group: readonly Waiting[]): Promise<void> => {
    const { segment, handle } = await place(group.reduce((sum, { batch }) => sum + recordBytes(batch), 0));
    const start = segment.bytes;
    let totals = written;
    const records = group.map(({ batch }) => {
      const seq = nextSeq++;
      const record = { seq, segment, batch, header: formatHeader(seq, batch, totals, segment.salt) };
      totals = addTotals(totals, totalsOf(batch.signal, batch.items));
      return record;
    });
    try {
      await writeWhole(
        handle,
        records.flatMap(({ header, batch }) => [header, ...batch.parts]),
        start,
      );
      if (fsync === "always") await handle.datasync();
    } catch (cause) {
      await giveUp(segment, start);
      throw cause;
    }
    written = totals;
    if (fsync !== "always") dirty = true;
    if (typeof fsync === "object") syncLater(fsync.intervalMs);
    segment.bytes = records.reduce((end, { batch }) => end + recordBytes(batch), start);
    segment.lastSeq = nextSeq - 1;
    let offset = start;
    for (const [index, record] of records.entries()) {
      group[index]?.written(record, offset);
      offset += recordBytes(record.batch);
    }
  };

  /** After a failed fsync the system may have forgotten what it could not write, so the file is not written to again. */
  const giveUp = async (segment: Segment, end: number): Promise<void> => {
    try {
      await files.truncate(segment.path, end);
    } catch {
      // What is left of the records is told apart by their totals.
    }
    await seal();
  };

  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = takeGroup(waiting);
      let appended: Appended = { kind: "written" };
      try {
        await write(group);
      } catch (cause) {
        appended = { kind: "failed", full: isDiskFull(cause), message: messageOf(cause) };
      }
      for (const { answer } of group) answer(appended);
    }
    working = undefined;
  };

  return {
    get written() {
      return written;
    },
    append(batch, written) {
      return new Promise((answer) => {
        waiting.push({ batch, written, answer });
        // Whatever else comes in this turn of the event loop shares the write.
        working ??= Promise.resolve().then(work);
      });
    },
    async close() {
      await working;
      timer?.cancel();
      await seal();
    },
  };
}

function takeGroup(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const { batch } of waiting) {
    bytes += recordBytes(batch);
    if (count > 0 && bytes > groupBytes) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

async function writeWhole(handle: FileHandle, parts: readonly Uint8Array[], position: number): Promise<void> {
  const total = parts.reduce((sum, part) => sum + part.byteLength, 0);
  let { bytesWritten } = await handle.writev(parts, position);
  if (bytesWritten === total) return;
  // A disk that fills up takes a part and says why only when asked for the rest.
  const rest = Buffer.concat(parts);
  while (bytesWritten < total) {
    bytesWritten += (await handle.write(rest, bytesWritten, total - bytesWritten, position + bytesWritten))
      .bytesWritten;
  }
}

/** The name of a new file is durable only with its folder; not every system can do that. */
async function syncFolder(files: Files, folder: string): Promise<void> {
  const handle = await files.open(folder, "r");
  try {
    await handle.sync();
  } catch {
    // Such a system keeps names by itself.
  } finally {
    await handle.close();
  }
}
