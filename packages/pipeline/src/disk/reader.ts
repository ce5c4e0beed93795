/** Reads the records of the log in order, once; finds the next one after damage, and knows to the item what was lost. */
import type { FileHandle } from "node:fs/promises";
import type { Batch } from "@tracemend/otlp";
import type { Files } from "./files.ts";
import { headerBytes, magic, parseHeader, payloadCrc } from "./record.ts";
import type { RecordHeader } from "./record.ts";
import type { Segment } from "./segment.ts";
import { addTotals, isEmpty, isWithin, subtractTotals, totalsOf } from "./totals.ts";
import type { Totals } from "./totals.ts";

export interface LogRecord {
  readonly seq: number;
  readonly segment: Segment;
  readonly batch: Batch;
}

export interface ReaderOptions {
  readonly files: Files;
  /** The first segment that was not passed. */
  readonly unread: () => Segment | undefined;
  /** The segment after this one; undefined when this is the last. */
  readonly after: (segment: Segment) => Segment | undefined;
  /** Items of every signal written so far. */
  readonly written: () => Totals;
  /** Records settled in an earlier run, and gaps told of then. */
  readonly settled: Map<number, Totals>;
  /** Items in records from number `seq` on cannot be read any more. */
  readonly lost: (seq: number, items: Totals) => void;
  /** Nothing is left to read in the segment. */
  readonly passed: (segment: Segment) => void;
}

export interface Reader {
  /** The next record; undefined at the end of what is written. One call at a time. */
  next(): Promise<LogRecord | undefined>;
  /** True when the record at this place is the next one, which then counts as read. */
  skip(segment: Segment, offset: number, seq: number, batch: Batch): boolean;
  /** Nothing more can be read now. */
  readonly atEnd: boolean;
  close(): Promise<void>;
}

const chunkBytes = 256 * 1024;

export function createReader(options: ReaderOptions): Reader {
  const { after, lost, settled } = options;
  const first = options.unread();
  let segment = first;
  let offset = 0;
  let lastSeq = first === undefined ? 0 : first.firstSeq - 1;
  let accounted = first === undefined ? options.written() : first.before;
  let file: WindowedFile | undefined;

  /** Accounts for what lies between the last record and the one with number `seq`, before which so much was written. */
  const closeGap = (seq: number, before: Totals): void => {
    let gap = subtractTotals(before, accounted);
    if (!isEmpty(gap)) {
      for (const [known, items] of settled) if (known > lastSeq && known < seq) gap = subtractTotals(gap, items);
      if (!isEmpty(gap)) lost(lastSeq + 1, gap);
    }
    accounted = before;
    lastSeq = seq - 1;
  };

  const leave = async (done: Segment): Promise<void> => {
    const following = after(done);
    if (following !== undefined) closeGap(following.firstSeq, following.before);
    else if (!isEmpty(subtractTotals(options.written(), accounted))) closeGap(lastSeq + 2, options.written());
    await file?.close();
    file = undefined;
    segment = following;
    offset = 0;
    done.passed = true;
    options.passed(done);
  };

  /** Moves past a damaged place to where the next header may begin. */
  const resync = async (current: Segment, from: WindowedFile): Promise<void> => {
    current.damaged = true;
    offset = await from.find(magic, offset + 1, current.bytes);
  };

  /** The record at `offset`; undefined after moving on past something that is none. */
  const readHere = async (current: Segment): Promise<LogRecord | undefined> => {
    file ??= createWindowedFile(options.files, current.path);
    const header = parseHeader(await file.read(offset, headerBytes, current.bytes), 0, current.salt);
    const end = offset + headerBytes + (header?.payloadBytes ?? 0);
    // A header that claims more than the log holds was left behind by a write that failed.
    const bound = after(current)?.before ?? options.written();
    if (header === undefined || end > current.bytes || header.seq <= lastSeq || !isWithin(header.before, bound)) {
      await resync(current, file);
      return undefined;
    }
    const payload = await file.read(offset + headerBytes, header.payloadBytes, current.bytes);
    offset = end;
    if (payload.length < header.payloadBytes || payloadCrc([payload]) !== header.payloadCrc) {
      current.damaged = true;
      return undefined;
    }
    closeGap(header.seq, header.before);
    lastSeq = header.seq;
    accounted = addTotals(header.before, totalsOf(header.signal, header.items));
    if (settled.delete(header.seq)) return undefined;
    return { seq: header.seq, segment: current, batch: toBatch(header, payload) };
  };

  const here = (): Segment | undefined => (segment ??= options.unread());
  const isAtEnd = (at = here()): boolean => at === undefined || (offset >= at.bytes && !at.sealed);

  return {
    async next() {
      for (;;) {
        const current = here();
        if (current === undefined || isAtEnd(current)) return undefined;
        if (offset >= current.bytes) {
          await leave(current);
          continue;
        }
        try {
          const record = await readHere(current);
          if (record !== undefined) return record;
        } catch {
          // The device does not give it back: the rest of the file counts as lost.
          current.damaged = true;
          offset = current.bytes;
        }
      }
    },
    skip(at, position, seq, batch) {
      if (here() !== at || offset !== position) return false;
      offset = position + headerBytes + batch.bytes;
      lastSeq = seq;
      accounted = addTotals(accounted, totalsOf(batch.signal, batch.items));
      return true;
    },
    get atEnd() {
      return isAtEnd();
    },
    close: async () => file?.close(),
  };
}

function toBatch(header: RecordHeader, payload: Buffer): Batch {
  const { signal, items } = header;
  return { signal, items, bytes: payload.length, parts: payload.length === 0 ? [] : [payload] };
}

interface WindowedFile {
  /** Bytes of their own, fewer at the end. */
  read(position: number, length: number, limit: number): Promise<Buffer>;
  /** Where the bytes occur at or after `position`; `limit` when they do not. */
  find(needle: Buffer, position: number, limit: number): Promise<number>;
  close(): Promise<void>;
}

/** Small reads come out of one larger read. */
function createWindowedFile(files: Files, path: string): WindowedFile {
  let handle: FileHandle | undefined;
  let window: Buffer = Buffer.alloc(0);
  let start = 0;

  const load = async (position: number, length: number): Promise<Buffer> => {
    handle ??= await files.open(path, "r");
    const bytes = Buffer.allocUnsafeSlow(length);
    const { bytesRead } = await handle.read(bytes, 0, length, position);
    return bytes.subarray(0, bytesRead);
  };

  /** Afterwards the window holds these bytes, or as many of them as there are. */
  const cover = async (position: number, length: number, limit: number): Promise<void> => {
    if (position >= start && position + length <= start + window.length) return;
    window = await load(position, Math.min(chunkBytes, limit - position));
    start = position;
  };

  return {
    async read(position, length, limit) {
      const wanted = Math.min(length, limit - position);
      if (wanted >= chunkBytes) return load(position, wanted);
      await cover(position, wanted, limit);
      return Buffer.from(window.subarray(position - start, position - start + wanted));
    },
    async find(needle, position, limit) {
      let from = position;
      while (from + needle.length <= limit) {
        await cover(from, needle.length, limit);
        const found = window.indexOf(needle, from - start);
        if (found >= 0) return Math.min(limit, start + found);
        if (window.length < needle.length) return limit;
        from = start + window.length - needle.length + 1;
      }
      return limit;
    },
    close: async () => handle?.close(),
  };
}
