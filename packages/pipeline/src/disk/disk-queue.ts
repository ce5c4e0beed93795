/** The bounded queue of one destination on disk: accepted means written, and what is written outlives the process. */
import type { Batch } from "@tracemend/otlp";
import type { Clock } from "../clock.ts";
import type { Account, DropReason } from "../ledger.ts";
import { ownBytes } from "../memory.ts";
import { createOutstanding } from "../outstanding.ts";
import { accepted, busy } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import { createDrainRate } from "../stages/drain-rate.ts";
import { entryBytes } from "../stages/queue.ts";
import type { Queue } from "../stages/queue.ts";
import type { Files } from "./files.ts";
import { openLog } from "./log.ts";
import type { Storage } from "./options.ts";
import type { LogRecord } from "./reader.ts";
import { headerBytes } from "./record.ts";
import { signals } from "./totals.ts";
import type { Appended } from "./writer.ts";

export interface DiskQueueOptions {
  /** Bytes in memory: half for what is being written or reserved, half for what is being sent. */
  readonly maxBytes: number;
  readonly storage: Storage;
  /** Of the destination; closing leaves on it as queued what is on disk. */
  readonly account: Account;
  /** Told of every loss that this queue has put on the account, or has to. */
  readonly dropped: (batch: Pick<Batch, "signal" | "items">, reason: DropReason) => void;
  readonly clock: Clock;
  readonly failed: (message: string) => void;
  readonly files?: Files;
}

export interface DiskQueue extends Queue {
  /** The last write failed. */
  readonly failing: boolean;
  /** Found when it was opened. */
  readonly recovered: { readonly items: number; readonly tornBytes: number };
}

/** After a failed write, senders are told to come back so much later. */
const failureHoldsMs = 1_000;

/** Others may be done with the bytes before they are written. */
function ownBatch(batch: Batch): Batch {
  return { ...batch, parts: batch.parts.map(ownBytes) };
}

/** Opens the folder at once, and begins with what an earlier run left. Throws when another writer has the folder. */
export function createDiskQueue(options: DiskQueueOptions, next: Sink): DiskQueue {
  const { account, clock, storage } = options;
  const halfBytes = Math.floor(options.maxBytes / 2);
  const mostBytes = Math.min(halfBytes - entryBytes, storage.maxBytes - headerBytes);
  const life = new AbortController();
  const writes = createOutstanding();
  const sends = createOutstanding();
  const drain = createDrainRate(clock);
  let writingBytes = 0;
  let heldBytes = 0;
  let sendingBytes = 0;
  let failingUntilMs = 0;
  let pumping: Promise<void> | undefined;
  let again = false;
  let closing = false;
  let closed = false;
  let atEnd = (): void => {};

  const log = openLog({
    storage,
    clock,
    ...(options.files === undefined ? {} : { files: options.files }),
    wake: () => pump(),
    lost(items) {
      for (const [index, signal] of signals.entries()) {
        const count = items[index] ?? 0;
        if (count === 0) continue;
        account.settled("queued", signal, count, { dropped: "corrupt" });
        options.dropped({ signal, items: count }, "corrupt");
      }
    },
    failed: options.failed,
  });
  for (const [index, signal] of signals.entries()) account.recovered(signal, log.recovered[index] ?? 0);

  const usedBytes = (): number => log.usedBytes + writingBytes + heldBytes;
  const hasRoom = (bytes: number): boolean =>
    !closing &&
    clock.now() >= failingUntilMs &&
    writingBytes + heldBytes + bytes + entryBytes <= halfBytes &&
    usedBytes() + bytes + headerBytes <= storage.maxBytes;
  const hasWindow = (): boolean => sendingBytes < halfBytes && !life.signal.aborted;

  /** Resolves with the outcome, once the bytes are no longer needed. */
  const send = async (batch: Batch): Promise<Outcome> => {
    const costBytes = batch.bytes + entryBytes;
    sendingBytes += costBytes;
    sends.begin();
    const outcome = await next.accept(batch, life.signal);
    sendingBytes -= costBytes;
    drain.drained(batch.bytes);
    return outcome;
  };

  /** Of a batch that was cut or joined one outcome is told, so after closing only `accepted` means all of it. */
  const isLeft = (outcome: Outcome): boolean => life.signal.aborted && outcome.kind !== "accepted";

  const sendRecord = async (record: LogRecord): Promise<void> => {
    const outcome = await send(record.batch);
    if (!isLeft(outcome)) log.settle(record);
    sends.end();
    pump();
  };

  /** A batch that had to be taken although the disk takes nothing: it lives in memory only, and must not stay behind. */
  const sendUnwritten = async (batch: Batch): Promise<void> => {
    const costBytes = batch.bytes + entryBytes;
    writingBytes += costBytes;
    const outcome = await send(batch);
    writingBytes -= costBytes;
    if (life.signal.aborted && outcome.kind === "busy") {
      account.settled("queued", batch.signal, batch.items, { dropped: "disk-full" });
      options.dropped(batch, "disk-full");
    }
    sends.end();
    pump();
  };

  const readOn = async (): Promise<void> => {
    do {
      again = false;
      while (hasWindow()) {
        const record = await log.next();
        if (record === undefined) break;
        void sendRecord(record);
      }
    } while (again);
    pumping = undefined;
    if (log.atEnd) atEnd();
  };

  /** Resolves when everything on disk is being sent, or the signal of closing aborts. */
  const readToEnd = (): Promise<void> => {
    if (life.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      atEnd = resolve;
      life.signal.addEventListener("abort", () => resolve());
      pump();
    });
  };

  /** Reads on while there is something to read and room to send it. */
  const pump = (): void => {
    again = true;
    if (!closed) pumping ??= Promise.resolve().then(readOn);
  };

  const onWritten = (record: LogRecord, offset: number): void => {
    if (pumping !== undefined || !hasWindow() || !log.take(record, offset)) pump();
    else void sendRecord(record);
  };

  const append = async (batch: Batch, written: () => void): Promise<Appended> => {
    const costBytes = batch.bytes + entryBytes;
    writingBytes += costBytes;
    writes.begin();
    const appended = await log.append(batch, (record, offset) => {
      writingBytes -= costBytes;
      written();
      onWritten(record, offset);
    });
    if (appended.kind === "written") failingUntilMs = 0;
    else {
      writingBytes -= costBytes;
      failingUntilMs = clock.now() + failureHoldsMs;
      options.failed(appended.message);
    }
    writes.end();
    return appended;
  };

  const appendOrSend = async (batch: Batch): Promise<void> => {
    writes.begin();
    const appended = await append(batch, () => {});
    if (appended.kind === "failed") void sendUnwritten(batch);
    writes.end();
  };

  pump();
  return {
    get usedBytes() {
      return usedBytes();
    },
    capacityBytes: storage.maxBytes,
    recovered: { items: log.recovered.reduce((sum, count) => sum + count, 0), tornBytes: log.tornBytes },
    get failing() {
      return failingUntilMs !== 0;
    },
    hold(bytes) {
      if (!hasRoom(bytes)) return false;
      heldBytes += bytes + entryBytes;
      return true;
    },
    unhold(bytes) {
      heldBytes -= bytes + entryBytes;
    },
    place(batch) {
      if (closing) {
        account.lost(batch.signal, batch.items, "shutdown");
        options.dropped(batch, "shutdown");
        return;
      }
      account.queued(batch.signal, batch.items);
      void appendOrSend(ownBatch(batch));
    },
    async accept(batch) {
      const { bytes } = batch;
      if (bytes > mostBytes) {
        const message = `${bytes} bytes can never fit a queue that takes ${mostBytes} bytes at once`;
        return { kind: "refused", message, tooLarge: true };
      }
      if (!hasRoom(bytes)) return busy(waitMs(bytes));
      const appended = await append(ownBatch(batch), () => account.queued(batch.signal, batch.items));
      return appended.kind === "written" ? accepted : busy(failureHoldsMs);
    },
    async close(signal) {
      closing = true;
      await writes.none();
      const abort = (): void => life.abort();
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
      await readToEnd();
      closed = true;
      await next.close(signal);
      await sends.none();
      await pumping;
      await log.close();
      signal.removeEventListener("abort", abort);
    },
  };

  function waitMs(bytes: number): number {
    if (clock.now() < failingUntilMs) return failureHoldsMs;
    return drain.untilFreeMs(Math.max(bytes, usedBytes() + bytes + headerBytes - storage.maxBytes));
  }
}
