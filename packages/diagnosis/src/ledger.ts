/** The ledger of requests and the spans they are owed: what comes in, and the passage of time. */
import type { Crossing } from "@tracemend/context";
import type { Batch } from "@tracemend/otlp";
import type { Arrival } from "./arrival.ts";
import type { Books } from "./books.ts";
import { createCrossingIntake } from "./crossing-intake.ts";
import { MOST_FETCHED, WAITING } from "./crossing-store.ts";
import { compareNested, tellNested } from "./nested-entries.ts";
import { checkParentBefore, comparePair } from "./pairs.ts";
import { probeRequest, readWatermarks, settleByAge, settleByWatermark } from "./settle.ts";
import { settleByTime } from "./settle-by-time.ts";
import { PARENTS_CHECKED, PARENTS_MISSING } from "./service.ts";
import { settleByRoot } from "./settle-early.ts";
import { createSpanIntake } from "./span-intake.ts";

export interface Ledger {
  forwarded(crossing: Crossing, arrival: Arrival | undefined, nowMs: number): void;
  spans(batch: Batch, nowMs: number): void;
  /** Settles what is due. */
  settle(nowMs: number): void;
}

export function createLedger(books: Books): Ledger {
  const { crossings, orphans, services, settings } = books;
  const { ring } = crossings;
  /** Records before it no longer wait. */
  let waitingFrom = 1;
  /** Records before it have been looked for elsewhere. */
  let probedFrom = 1;
  /** Records before it have had the longest wait. */
  let agedFrom = 1;
  /** Orphans before it have ended the waits that they can. */
  let heardFrom = 1;
  /** The first record from `from` on that arrived after this time. */
  const firstYounger = (from: number, thanMs: number): number => {
    let record = from;
    while (record <= ring.newest() && crossings.arrivedMs(ring.slot(record)) <= thanMs) record += 1;
    return record;
  };
  const noteParent = (serviceId: number, exported: boolean): void => {
    const { tally } = services.at(serviceId);
    tally.add(PARENTS_CHECKED, settings.now(), 1);
    if (!exported) tally.add(PARENTS_MISSING, settings.now(), 1);
  };
  const intake = createCrossingIntake(books);
  const enterSpans = createSpanIntake(books);
  return {
    forwarded(crossing, arrival, nowMs) {
      intake.take(crossing, arrival, nowMs);
    },
    spans(batch, nowMs) {
      intake.enterTaken();
      enterSpans(batch, nowMs);
    },
    settle(nowMs) {
      intake.enterTaken();
      readWatermarks(books, nowMs);
      heardFrom = Math.max(heardFrom, orphans.ring.oldest());
      for (; heardFrom <= orphans.ring.newest(); heardFrom += 1) settleByRoot(books, heardFrom);
      probedFrom = Math.max(probedFrom, ring.oldest());
      const probedUntil = firstYounger(probedFrom, nowMs - settings.settleMs);
      for (let fetchedUntil = probedFrom; probedFrom < probedUntil; probedFrom += 1) {
        if (probedFrom === fetchedUntil) {
          fetchedUntil = Math.min(probedUntil, probedFrom + MOST_FETCHED);
          crossings.fetchInbound(probedFrom, fetchedUntil);
        }
        probeRequest(books, probedFrom);
        comparePair(books, probedFrom);
      }
      agedFrom = Math.max(agedFrom, ring.oldest());
      const agedUntil = firstYounger(agedFrom, nowMs - settings.hardWaitMs);
      for (; agedFrom < agedUntil; agedFrom += 1) {
        settleByAge(books, agedFrom);
        checkParentBefore(books, agedFrom);
        compareNested(books, agedFrom);
      }
      settleByTime(books, nowMs);
      tellNested(books);
      books.parentChecks.settle(books.seen, nowMs - settings.hardWaitMs, noteParent);
      waitingFrom = Math.max(waitingFrom, agedFrom);
      while (waitingFrom <= ring.newest() && crossings.state(ring.slot(waitingFrom)) !== WAITING) waitingFrom += 1;
      for (let record = waitingFrom; record <= ring.newest(); record += 1) settleByWatermark(books, record);
    },
  };
}
