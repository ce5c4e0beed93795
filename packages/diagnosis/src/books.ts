/** Everything the diagnosis remembers, and how its bytes are shared out. */
import type { AnswerBook } from "./answer-book.ts";
import { createAnswerBook } from "./answer-book.ts";
import type { ArrivalBook } from "./arrival-book.ts";
import { createArrivalBook } from "./arrival-book.ts";
import type { BreakExample } from "./break.ts";
import { BARE } from "./cause.ts";
import { CrossingStore, MISSING } from "./crossing-store.ts";
import type { Settings } from "./settings.ts";
import type { EdgeBook } from "./edge-book.ts";
import { createEdgeBook } from "./edge-book.ts";
import type { NestedEntries } from "./nested-entries.ts";
import { OrphanStore } from "./orphan-store.ts";
import type { Pair } from "./paired.ts";
import type { ParentChecks } from "./parent-checks.ts";
import { createParentChecks } from "./parent-checks.ts";
import type { RepairDecision } from "./repair.ts";
import type { SeenSpans } from "./seen-spans.ts";
import { createSeenSpans } from "./seen-spans.ts";
import type { ServiceBook } from "./service-book.ts";
import { createServiceBook } from "./service-book.ts";
import type { SourceBook } from "./source-book.ts";
import { createSourceBook } from "./source-book.ts";
import { SpanStore } from "./span-store.ts";

/** Since the start. Conserved: observed = matched + missing + waiting + unobserved + evicted. */
export interface Totals {
  /** Requests whose forwarded context the called service owes a span. */
  observed: number;
  matched: number;
  missing: number;
  waiting: number;
  unobserved: number;
  /** Overwritten while still waiting: the store is too small for the load. */
  evicted: number;
  /** Forwarded, but owed nothing: not sampled, a probe, or failed on the way. Not part of `observed`. */
  excused: number;
  /** Matched after they had been given up as missing or unobserved. */
  late: number;
  spans: number;
  /** Spans whose ids are not ids. */
  malformedSpans: number;
  /** Spans that name no service: nothing else is known of them. */
  unnamedSpans: number;
  /** Orphans that were overwritten before the longest wait was over. */
  evictedOrphans: number;
}

export interface Books {
  readonly settings: Settings;
  readonly crossings: CrossingStore;
  readonly spans: SpanStore;
  readonly orphans: OrphanStore;
  readonly seen: SeenSpans;
  readonly services: ServiceBook;
  readonly edges: EdgeBook;
  readonly arrivals: ArrivalBook;
  readonly answers: AnswerBook;
  readonly sources: SourceBook;
  readonly parentChecks: ParentChecks;
  /** By the number of the edge that requests left over and were lost behind. */
  readonly nested: NestedEntries;
  readonly totals: Totals;
  /** Decided and not yet told. */
  readonly decisions: RepairDecision[];
  /** Joined and not yet told. */
  readonly pairs: Pair[];
  /** What ended before it has had its spans arrive, whoever exports them; set at each tick. */
  watermarkMs: number;
  /** How many requests might be compared with orphans by their times, and when that was. */
  readonly comparing: { left: number; atMs: number };
  readonly bytes: number;
  readonly sinceMs: number;
}

export function createBooks(settings: Settings, sinceMs: number): Books {
  const { maxBytes, seed, windowMs, hardWaitMs } = settings;
  // There are as many orphans as requests where every request is torn.
  const crossings = new CrossingStore(maxBytes * 0.33, seed);
  const spans = new SpanStore(maxBytes * 0.33, seed, crossings.childHeads);
  const orphans = new OrphanStore(maxBytes * 0.24, seed);
  const seen = createSeenSpans(maxBytes * 0.1, 2 * hardWaitMs, seed);
  return {
    settings,
    crossings,
    spans,
    orphans,
    seen,
    services: createServiceBook(settings),
    edges: createEdgeBook(settings),
    arrivals: createArrivalBook(windowMs),
    answers: createAnswerBook(),
    sources: createSourceBook(),
    parentChecks: createParentChecks(),
    nested: new Map(),
    totals: {
      observed: 0,
      matched: 0,
      missing: 0,
      waiting: 0,
      unobserved: 0,
      evicted: 0,
      excused: 0,
      late: 0,
      spans: 0,
      malformedSpans: 0,
      unnamedSpans: 0,
      evictedOrphans: 0,
    },
    decisions: [],
    pairs: [],
    watermarkMs: -Infinity,
    comparing: { left: 0, atMs: sinceMs },
    bytes: crossings.bytes + spans.bytes + orphans.bytes + seen.bytes,
    sinceMs,
  };
}

/** Whether the request misses its span and nothing says why. */
export function isUnexplained({ crossings }: Books, slot: number): boolean {
  return crossings.state(slot) === MISSING && crossings.cause(slot) === BARE;
}

/** The time a request is counted at, the same whenever it is counted and taken back. */
export function countedAtMs({ crossings }: Books, slot: number): number {
  return Math.min(crossings.endMs(slot), crossings.arrivedMs(slot));
}

export function forwardedExample(books: Books, record: number): BreakExample {
  const { crossings } = books;
  const atMs = countedAtMs(books, crossings.ring.slot(record));
  return { traceId: crossings.traceId(record), spanId: crossings.spanId(record), atMs };
}
