/** Sends a bounded number of batches at a time, saves what can be saved of a refused one, and keeps the ledger. */
import { refineBatch, splitBatch } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import type { Account, DropReason } from "../ledger.ts";
import { busy } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Sink, Stage } from "../stage.ts";

export interface DeliverOptions {
  readonly maxConcurrent: number;
  readonly account: Account;
  /** Told of every loss after acceptance. */
  readonly dropped: (batch: Batch, reason: DropReason) => void;
  /** Told of items the peer said it would never take. */
  readonly refusedByPeer: (batch: Batch, items: number, message: string) => void;
}

export function deliver(options: DeliverOptions): Stage {
  return (next) => createDelivery(options, next);
}

function createDelivery(options: DeliverOptions, next: Sink): Sink {
  const { account, maxConcurrent } = options;
  const waiting: (() => void)[] = [];
  let sending = 0;

  /** False when the signal aborted before there was a turn. */
  const turn = (signal: AbortSignal): Promise<boolean> =>
    new Promise((resolve) => {
      const go = (): void => {
        signal.removeEventListener("abort", abort);
        resolve(true);
      };
      const abort = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        resolve(false);
      };
      signal.addEventListener("abort", abort, { once: true });
      waiting.push(go);
    });

  const done = (): void => {
    const go = waiting.shift();
    if (go === undefined) sending -= 1;
    else go();
  };

  const record = (batch: Batch, outcome: Exclude<Outcome, { kind: "refused" }>, signal: AbortSignal): void => {
    const { items } = batch;
    switch (outcome.kind) {
      case "accepted":
        account.settled("inFlight", batch.signal, items, "exported");
        return;
      case "partial": {
        const rejected = Math.min(items, Math.max(0, outcome.rejected));
        account.settled("inFlight", batch.signal, items - rejected, "exported");
        account.settled("inFlight", batch.signal, rejected, "refusedByPeer");
        options.refusedByPeer(batch, rejected, outcome.message);
        return;
      }
      case "busy": {
        const reason = signal.aborted ? "shutdown" : "retry-expired";
        account.settled("inFlight", batch.signal, items, { dropped: reason });
        options.dropped(batch, reason);
      }
    }
  };

  const send = async (batch: Batch, signal: AbortSignal): Promise<Outcome> => {
    const outcome = await next.accept(batch, signal);
    if (outcome.kind !== "refused") {
      record(batch, outcome, signal);
      return outcome;
    }
    const pieces = outcome.tooLarge === true ? halve(batch) : refine(batch);
    const lostItems = batch.items - pieces.reduce((sum, piece) => sum + piece.items, 0);
    if (lostItems > 0) {
      account.settled("inFlight", batch.signal, lostItems, "refusedByPeer");
      options.refusedByPeer(batch, lostItems, outcome.message);
    }
    for (const piece of pieces) await send(piece, signal);
    return outcome;
  };

  return {
    async accept(batch, signal) {
      if (!signal.aborted && sending < maxConcurrent) sending += 1;
      else if (signal.aborted || !(await turn(signal))) {
        account.settled("queued", batch.signal, batch.items, { dropped: "shutdown" });
        options.dropped(batch, "shutdown");
        return busy(0);
      }
      account.sent(batch.signal, batch.items);
      const outcome = await send(batch, signal);
      done();
      return outcome;
    },
    close: (signal) => next.close(signal),
  };
}

/** A batch too large for the peer in two; nothing when it cannot be cut. */
function halve(batch: Batch): readonly Batch[] {
  const pieces = splitBatch(batch, { maxItems: Math.max(1, Math.ceil(batch.items / 2)) });
  return pieces.length > 1 ? pieces : [];
}

/**
 * A refused batch without the items that make a reader refuse all of it, such as one with a trace id of a wrong length;
 * nothing when there are none, because then the refusal has another reason.
 */
function refine(batch: Batch): readonly Batch[] {
  const refinement = refineBatch(batch);
  return refinement.rejected > 0 && refinement.batch.items > 0 ? [refinement.batch] : [];
}
