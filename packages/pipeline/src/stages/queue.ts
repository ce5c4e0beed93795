/** The bounded queue of one destination: the point where a batch becomes ours, so the point where memory is counted. */
import type { Batch } from "@tracemend/otlp";
import type { Clock } from "../clock.ts";
import type { Account } from "../ledger.ts";
import { createOutstanding } from "../outstanding.ts";
import { accepted, busy, refused } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import { createDrainRate } from "./drain-rate.ts";

export interface QueueOptions {
  /** Bytes of OTLP the queue holds; what is being sent still counts. */
  readonly maxBytes: number;
  readonly account: Account;
  readonly clock: Clock;
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

/** Answers `accepted` once the bytes are in memory, and hands the batch to `next` without waiting for its fate. */
export function createQueue(options: QueueOptions, next: Sink): Queue {
  const { account, maxBytes } = options;
  const life = new AbortController();
  const outstanding = createOutstanding();
  const drain = createDrainRate(options.clock);
  let usedBytes = 0;
  let closing = false;

  const hasRoom = (bytes: number): boolean => !closing && usedBytes + bytes <= maxBytes;

  const settle = (batch: Batch): void => {
    usedBytes -= batch.bytes;
    drain.drained(batch.bytes);
    outstanding.end();
  };

  const place = (batch: Batch): void => {
    if (closing) {
      account.lost(batch.signal, batch.items, "shutdown");
      return;
    }
    usedBytes += batch.bytes;
    outstanding.begin();
    account.queued(batch.signal, batch.items);
    void next.accept(batch, life.signal).then(() => settle(batch));
  };

  return {
    get usedBytes() {
      return usedBytes;
    },
    capacityBytes: maxBytes,
    hold(bytes) {
      if (!hasRoom(bytes)) return false;
      usedBytes += bytes;
      return true;
    },
    unhold(bytes) {
      usedBytes -= bytes;
    },
    place,
    accept(batch) {
      if (batch.bytes > maxBytes) {
        return Promise.resolve(refused(`${batch.bytes} bytes can never fit a queue of ${maxBytes} bytes`));
      }
      if (!hasRoom(batch.bytes)) return Promise.resolve(busy(drain.untilFreeMs(usedBytes + batch.bytes - maxBytes)));
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
