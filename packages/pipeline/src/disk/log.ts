/** The segment log of one folder: written at one end, read at the other, its files removed when they are done with. */
import type { Batch } from "@tracemend/otlp";
import { messageOf } from "../cause.ts";
import type { Clock } from "../clock.ts";
import { systemFiles } from "./files.ts";
import type { Files } from "./files.ts";
import { createJournal } from "./journal.ts";
import { lockFolder } from "./lock.ts";
import type { Storage } from "./options.ts";
import { createReader } from "./reader.ts";
import type { LogRecord } from "./reader.ts";
import { recover } from "./recovery.ts";
import type { Recovery } from "./recovery.ts";
import { quarantineSuffix } from "./segment.ts";
import type { Segment } from "./segment.ts";
import { totalsOf } from "./totals.ts";
import type { Totals } from "./totals.ts";
import { createWriter } from "./writer.ts";
import type { Appended, Written } from "./writer.ts";

export interface DiskLog {
  /** Items of earlier runs that have not met their fate. */
  readonly recovered: Totals;
  /** Bytes of a record whose write an earlier run did not finish, and never acknowledged. */
  readonly tornBytes: number;
  /** What the files take that cannot be freed now. */
  readonly usedBytes: number;
  /** Everything written was handed out. */
  readonly atEnd: boolean;
  append(batch: Batch, written: Written): Promise<Appended>;
  /** The next record that was not handed out; undefined at the end. One call at a time. */
  next(): Promise<LogRecord | undefined>;
  /** Hands out a record that was just written, without reading it; false when others come before it. */
  take(record: LogRecord, offset: number): boolean;
  /** The record will never be asked for again. */
  settle(record: LogRecord): void;
  close(): Promise<void>;
}

export interface LogOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly files?: Files;
  /** Items that cannot be read any more. */
  readonly lost: (items: Totals) => void;
  /** There may be something to read, or to pass by, for `next`. */
  readonly wake: () => void;
  readonly failed: (message: string) => void;
}

/** Throws an Error when another writer has the folder, or when it cannot be used. */
export function openLog(options: LogOptions): DiskLog {
  const { storage, clock, files = systemFiles } = options;
  const lock = lockFolder(storage.folder);
  const state = recoverOr(storage.folder, () => lock.release());
  const { segments, quarantined } = state;
  const removals = new Set<Promise<void>>();
  const journal = createJournal({ folder: storage.folder, files, fsync: storage.fsync !== "never", segments });

  const isDrained = (segment: Segment): boolean =>
    !segment.sealed && segment.outstanding === 0 && segment === segments[0] && reader.atEnd;

  const sizeOf = (list: readonly { readonly bytes: number }[]): number =>
    list.reduce((sum, { bytes }) => sum + bytes, 0);

  const writer = createWriter({
    storage,
    files,
    clock,
    segments,
    start: state,
    shouldRoll: (segment, bytes) => isDrained(segment) && sizeOf(segments) + bytes > storage.maxBytes,
    sealed: options.wake,
    syncFailed: options.failed,
  });

  const retire = (segment: Segment): void => {
    if (!segment.passed || segment.outstanding > 0) return;
    segments.splice(segments.indexOf(segment), 1);
    const removal = remove(segment).catch((cause: unknown) => options.failed(messageOf(cause)));
    removals.add(removal);
    void removal.then(() => removals.delete(removal));
  };

  const remove = async (segment: Segment): Promise<void> => {
    // Were the file gone and the notes on its records not written, a restart would take them for lost.
    await journal.flushed();
    if (!segment.damaged) return files.unlink(segment.path);
    const path = segment.path + quarantineSuffix;
    await files.rename(segment.path, path);
    quarantined.push({ path, bytes: segment.bytes });
  };

  const makeRoom = async (bytes: number): Promise<void> => {
    while (quarantined.length > 0 && sizeOf(segments) + sizeOf(quarantined) + bytes > storage.maxBytes) {
      const oldest = quarantined.shift();
      if (oldest !== undefined) await files.unlink(oldest.path).catch(() => {});
    }
  };

  const reader = createReader({
    files,
    unread: () => segments.find((segment) => !segment.passed),
    after: (segment) => segments[segments.indexOf(segment) + 1],
    written: () => writer.written,
    settled: state.settled,
    lost(seq, items) {
      journal.settled({ seq, items });
      options.lost(items);
    },
    passed: retire,
  });

  return {
    recovered: state.waiting,
    tornBytes: state.tornBytes,
    get usedBytes() {
      const bytes = sizeOf(segments);
      const [first] = segments;
      return first !== undefined && isDrained(first) ? bytes - first.bytes : bytes;
    },
    get atEnd() {
      return reader.atEnd;
    },
    async append(batch, written) {
      if (quarantined.length > 0) await makeRoom(batch.bytes);
      return writer.append(batch, written);
    },
    async next() {
      const record = await reader.next();
      if (record !== undefined) record.segment.outstanding += 1;
      return record;
    },
    take({ segment, seq, batch }, offset) {
      if (!reader.skip(segment, offset, seq, batch)) return false;
      segment.outstanding += 1;
      return true;
    },
    settle({ segment, seq, batch }) {
      journal.settled({ seq, items: totalsOf(batch.signal, batch.items) });
      segment.outstanding -= 1;
      retire(segment);
    },
    async close() {
      const isEmpty = reader.atEnd;
      await writer.close();
      // Passes by the last file, so that a queue that is empty leaves none.
      if (isEmpty) await reader.next();
      await Promise.all(removals);
      await reader.close();
      await journal.close();
      lock.release();
    },
  };
}

function recoverOr(folder: string, giveUp: () => void): Recovery {
  try {
    return recover(folder);
  } catch (cause) {
    giveUp();
    throw cause;
  }
}
