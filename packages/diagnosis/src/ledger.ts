/** The ledger of requests and the spans they are owed: what comes in, and the passage of time. */
import type { Crossing } from "@tracemend/context";
import type { Batch, SpanView } from "@tracemend/otlp";
import { forEachSpan } from "@tracemend/otlp";
import type { Books } from "./books.ts";
import { WAITING } from "./crossing-store.ts";
import { enterCrossing } from "./forwarded.ts";
import { probeService, readWatermarks, settleByAge, settleByWatermark } from "./settle.ts";
import { enterSpan } from "./span-intake.ts";

export interface Ledger {
  forwarded(crossing: Crossing, nowMs: number): void;
  spans(batch: Batch, nowMs: number): void;
  /** Settles what is due. */
  settle(nowMs: number): void;
}

export function createLedger(books: Books): Ledger {
  const { crossings, settings } = books;
  const { ring, state, arrivedMs } = crossings;
  /** Records before it no longer wait. */
  let waitingFrom = 1;
  /** Records before it have told what they can of the service behind their edge. */
  let probedFrom = 1;
  /** Records before it have had the longest wait. */
  let agedFrom = 1;
  let arrivalMs = 0;
  const visit = (span: SpanView): void => {
    enterSpan(books, span, arrivalMs);
  };
  return {
    forwarded(crossing, nowMs) {
      enterCrossing(books, crossing, nowMs);
    },
    spans(batch, nowMs) {
      arrivalMs = nowMs;
      forEachSpan(batch, visit);
    },
    settle(nowMs) {
      probedFrom = Math.max(probedFrom, ring.oldest());
      while (probedFrom <= ring.newest()) {
        if (nowMs - (arrivedMs[ring.slot(probedFrom)] as number) < settings.settleMs) break;
        probeService(books, probedFrom);
        probedFrom += 1;
      }
      readWatermarks(books, nowMs);
      agedFrom = Math.max(agedFrom, ring.oldest());
      while (agedFrom <= ring.newest()) {
        if (nowMs - (arrivedMs[ring.slot(agedFrom)] as number) < settings.hardWaitMs) break;
        settleByAge(books, agedFrom);
        agedFrom += 1;
      }
      waitingFrom = Math.max(waitingFrom, agedFrom);
      while (waitingFrom <= ring.newest() && state[ring.slot(waitingFrom)] !== WAITING) waitingFrom += 1;
      for (let record = waitingFrom; record <= ring.newest(); record += 1) settleByWatermark(books, record);
    },
  };
}
