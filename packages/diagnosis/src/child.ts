/** What the times and flags of an answer say about clocks, sampling and contexts that leak. */
import type { Books } from "./books.ts";
import { countedAtMs, forwardedExample } from "./books.ts";
import { LATE_WORK, OTHER_CLOCK, UNSAMPLED } from "./cause.ts";
import { learnPair } from "./timing-model.ts";
import { EXCUSED } from "./crossing-store.ts";
import {
  LIES_AFTER,
  LIES_AFTER_MS,
  BEGAN_BEFORE,
  BEGAN_BEFORE_MS,
  LEAKED,
  UNSAMPLED_ANSWERED,
  noteSighting,
} from "./edge.ts";
import type { Service } from "./service.ts";
import { clockAheadMs } from "./service.ts";

/** Clocks that are kept by NTP agree to this. */
const SKEW_MS = 5;

/** What begins so late after its request, by a clock that is not ahead itself, was begun by another one. */
const LEAK_MS = 5_000;

/** Notes one answer of a request, once both are known. */
export function noteChild(books: Books, record: number, service: Service, startMs: number, endMs: number): void {
  const { crossings, edges } = books;
  const slot = crossings.ring.slot(record);
  if (crossings.state(slot) === EXCUSED) {
    if (crossings.leftUnsampled(slot)) note(books, record, UNSAMPLED, UNSAMPLED_ANSWERED);
    return;
  }
  const requestEndMs = crossings.endMs(slot);
  const beforeMs = crossings.startMs(slot) - startMs;
  const afterMs = startMs - requestEndMs;
  if (afterMs > LEAK_MS && afterMs > LEAK_MS + clockAheadMs(service)) {
    note(books, record, LATE_WORK, LEAKED);
    return;
  }
  const { timing } = edges.at(crossings.edge(slot));
  learnPair(timing, startMs - crossings.startMs(slot), requestEndMs - endMs, endMs - startMs);
  if (beforeMs > SKEW_MS) note(books, record, OTHER_CLOCK, BEGAN_BEFORE, BEGAN_BEFORE_MS, beforeMs);
  else {
    const overMs = endMs - requestEndMs;
    const lateMs = afterMs <= SKEW_MS && -beforeMs >= overMs ? overMs : afterMs;
    if (lateMs > SKEW_MS) note(books, record, OTHER_CLOCK, LIES_AFTER, LIES_AFTER_MS, lateMs);
  }
}

/** What one answer may add to a sum of milliseconds. */
const MOST_MS = 1_000_000;

function note(books: Books, record: number, sighting: number, counter: number, sum?: number, byMs = 0): void {
  const { crossings, edges } = books;
  const slot = crossings.ring.slot(record);
  const edge = edges.at(crossings.edge(slot));
  const atMs = countedAtMs(books, slot);
  edge.tally.add(counter, atMs, 1);
  if (sum !== undefined) edge.tally.add(sum, atMs, Math.min(MOST_MS, Math.round(byMs)));
  noteSighting(edge, sighting, atMs, () => forwardedExample(books, record));
}
