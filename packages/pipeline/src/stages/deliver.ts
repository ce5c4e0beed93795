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

  /** Piece by piece, where it has to be; the outcome of the whole. */
  const send = async (whole: Batch, signal: AbortSignal): Promise<Outcome> => {
    const search: Search = { refusals: 0, taken: 0 };
    const pieces = [whole];
    let first: Outcome | undefined;
    for (let batch = pieces.shift(); batch !== undefined; batch = pieces.shift()) {
      const outcome = await next.accept(batch, signal);
      first ??= outcome;
      if (outcome.kind !== "refused") {
        record(batch, outcome, signal);
        search.taken += outcome.kind === "busy" ? 0 : 1;
        continue;
      }
      const rest = outcome.tooLarge === true ? halve(batch) : withoutPoison(batch, outcome.divisible === true, search);
      const lostItems = batch.items - rest.reduce((sum, piece) => sum + piece.items, 0);
      if (lostItems > 0) {
        account.settled("inFlight", batch.signal, lostItems, "refusedByPeer");
        options.refusedByPeer(batch, lostItems, outcome.message);
      }
      // What is too large keeps its order. In search of an item the other half is tried first: if it is taken, it goes on.
      if (outcome.tooLarge === true) pieces.unshift(...rest);
      else pieces.push(...rest);
    }
    return first as Outcome;
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

/** How the search for items a peer refuses has gone so far, in one batch. */
interface Search {
  refusals: number;
  taken: number;
}

/** One bad item of 8 192 costs 14 refusals; so many are looked for. */
const maxRefusals = 64;
/** Once the whole, its halves and its quarters were refused, it is the batch that the peer does not want. */
const maxRefusalsAtFirst = 7;

/**
 * What may be taken of a refused batch: what is left without the items no reader takes, else its halves, to find the item
 * that is refused for a reason of the peer's own. Nothing when there is no more to be tried.
 */
function withoutPoison(batch: Batch, isDivisible: boolean, search: Search): readonly Batch[] {
  const refined = refine(batch);
  if (refined.length > 0 || !isDivisible) return refined;
  search.refusals += 1;
  const most = search.taken > 0 ? maxRefusals : maxRefusalsAtFirst;
  return search.refusals < most ? halve(batch) : [];
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
