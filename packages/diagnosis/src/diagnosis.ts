/** Evidence in, breaks out: the diagnosis as the program sees it. */
import type { Crossing, Observer } from "@tracemend/context";
import type { Batch } from "@tracemend/otlp";
import { noteArrivalOf, noteSign } from "./arrival.ts";
import { createArrivalBook } from "./arrival-book.ts";
import { createBooks } from "./books.ts";
import { createLedger } from "./ledger.ts";
import type { DiagnosisReport } from "./report.ts";
import { createReport } from "./report.ts";
import type { DiagnosisOptions } from "./settings.ts";
import { defineSettings } from "./settings.ts";
import { SIGN_DETECTORS } from "./sign-detectors.ts";

export interface Diagnosis extends Observer {
  crossed(crossing: Crossing): void;
  /** The tap of the traces that pass; other signals are passed over. */
  spans(batch: Batch): void;
  /** Settles what is due: to be called once a second. */
  tick(): void;
  report(): DiagnosisReport;
}

/** Throws a `TypeError` that names the option and the value. */
export function createDiagnosis(options: DiagnosisOptions): Diagnosis {
  const settings = defineSettings(options);
  const { now } = options;
  const books = createBooks(settings, now());
  const arrivals = createArrivalBook(settings.windowMs);
  const ledger = createLedger(books);
  return {
    crossed(crossing) {
      const nowMs = now();
      ledger.forwarded(crossing, nowMs);
      const arrival = arrivals.open(crossing);
      if (arrival === undefined) return;
      const atMs = Math.min(crossing.endMs, nowMs);
      noteArrivalOf(arrival, crossing, atMs);
      for (const detect of SIGN_DETECTORS) {
        const sign = detect(crossing);
        if (sign !== undefined) noteSign(arrival, sign, crossing, atMs, settings.windowMs);
      }
    },
    spans(batch) {
      ledger.spans(batch, now());
    },
    tick() {
      ledger.settle(now());
    },
    report() {
      const nowMs = now();
      ledger.settle(nowMs);
      return createReport(books, arrivals, nowMs);
    },
  };
}
