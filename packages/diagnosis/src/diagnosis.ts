/** Evidence in, breaks out: the diagnosis as the program sees it. */
import type { Crossing, Observer } from "@tracemend/context";
import type { Batch } from "@tracemend/otlp";
import { exampleOf, noteArrivalOf, noteSign, outcomeOf } from "./arrival.ts";
import { createBooks } from "./books.ts";
import { createLedger } from "./ledger.ts";
import type { DiagnosisReport } from "./report.ts";
import { createReport } from "./report.ts";
import type { DiagnosisOptions } from "./settings.ts";
import { defineSettings } from "./settings.ts";
import { SIGN_DETECTORS, isPlain } from "./sign-detectors.ts";

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
  const ledger = createLedger(books);
  const settle = (nowMs: number): void => {
    ledger.settle(nowMs);
    const decisions = books.decisions.splice(0);
    const pairs = books.pairs.splice(0);
    if (settings.decided !== undefined) for (const decision of decisions) settings.decided(decision);
    if (settings.paired !== undefined) for (const pair of pairs) settings.paired(pair);
  };
  return {
    crossed(crossing) {
      const nowMs = now();
      const atMs = Math.min(crossing.endMs, nowMs);
      const arrival = books.arrivals.open(crossing);
      ledger.forwarded(crossing, arrival, nowMs);
      if (arrival === undefined) return;
      noteArrivalOf(arrival, crossing, atMs);
      if (isPlain(crossing)) return;
      for (const detect of SIGN_DETECTORS) {
        const sign = detect(crossing);
        if (sign === undefined) continue;
        noteSign(
          arrival,
          { sign, outcome: outcomeOf(crossing, sign.kind), atMs, example: () => exampleOf(crossing, atMs) },
          settings.windowMs,
        );
      }
    },
    spans(batch) {
      ledger.spans(batch, now());
    },
    tick: () => settle(now()),
    report() {
      const nowMs = now();
      settle(nowMs);
      return createReport(books, nowMs);
    },
  };
}
