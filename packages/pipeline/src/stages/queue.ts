/** The bounded queue of one destination: the point where a batch becomes ours, so the point where memory is counted. */
import type { Batch } from "@tracemend/otlp";
import type { Clock } from "../clock.ts";
import type { Account, DropReason } from "../ledger.ts";
import { residentBytes } from "../compressed.ts";
import { hold, release } from "../memory.ts";
import { createOutstanding } from "../outstanding.ts";
import { accepted, busy } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import { createDrainRate } from "./drain-rate.ts";

export interface QueueOptions {
  /** Bytes the queue holds: OTLP, and {@link entryBytes} for each batch. What is being sent still counts. */
  readonly maxBytes: number;
  readonly account: Account;
  /** Told of a batch that comes after closing. */
  readonly lost: (batch: Batch, reason: DropReason) => void;
  readonly clock: Clock;
  /** Even in [0, 1). */
  readonly random?: () => number;
}

export interface Queue extends Sink {
  readonly usedBytes: number;
  readonly capacityBytes: number;
  /** Keeps `bytes` of room for a later `place`; false when there is none. */
  hold(bytes: number): boolean;
  /** Gives held room back. */
  unhold(bytes: number): void;
  /** Takes a batch whose room was held. */
  place(batch: Batch): void;
}

/** What a batch costs beside its bytes, measured: its objects and promises, and the header of its buffer. */
export const entryBytes = 1_024;

/** Answers `accepted` once the bytes are in memory, and hands the batch to `next` without waiting for its fate. */
export function createQueue(options: QueueOptions, next: Sink): Queue {
  const { account, maxBytes } = options;
  const life = new AbortController();
  const outstanding = createOutstanding();
  const drain = createDrainRate(options.clock, options.random);
  let usedBytes = 0;
  let closing = false;

  const hasRoom = (bytes: number): boolean => !closing && usedBytes + bytes + entryBytes <= maxBytes;

  const settle = (batch: Batch): void => {
    release(batch.parts);
    usedBytes -= residentBytes(batch) + entryBytes;
    drain.drained(batch.bytes);
    outstanding.end();
  };

  const place = (batch: Batch): void => {
    if (closing) {
      options.lost(batch, "shutdown");
      return;
    }
    usedBytes += residentBytes(batch) + entryBytes;
    outstanding.begin();
    account.queued(batch.signal, batch.items);
    hold(batch.parts);
    void next.accept(batch, life.signal).then(() => settle(batch));
  };

  return {
    get usedBytes() {
      return usedBytes;
    },
    capacityBytes: maxBytes,
    hold(bytes) {
      if (!hasRoom(bytes)) return false;
      usedBytes += bytes + entryBytes;
      return true;
    },
    unhold(bytes) {
      usedBytes -= bytes + entryBytes;
    },
    place,
    accept(batch) {
      const bytes = residentBytes(batch);
      if (bytes + entryBytes > maxBytes) {
        const message = `${bytes} bytes can never fit a queue of ${maxBytes} bytes`;
        return Promise.resolve({ kind: "refused", message, tooLarge: true });
      }
      if (!hasRoom(bytes)) return Promise.resolve(busy(drain.untilFreeMs(usedBytes + bytes + entryBytes - maxBytes)));
      place(batch);
      return Promise.resolve(accepted);
    },
    async close(signal) {
      closing = true;
      const abort = (): void => life.abort();
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
      await next.close(signal);
      await outstanding.none();
      signal.removeEventListener("abort", abort);
    },
  };
}
