/** Enters one forwarded request into the ledger: it owes us a span of the called service from now on. */
import type { Books } from "./books.ts";
import { countedAtMs } from "./books.ts";
import { noteChild } from "./child.ts";
import type { CrossingEntry } from "./crossing-store.ts";
import { EXCUSED, MATCHED, WAITING } from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { ANSWERED, FORGOTTEN, FORWARDED, NOT_EXPECTED, learnService } from "./edge.ts";
import { isAnswer, noteFacets } from "./settle.ts";

/** Enters what stands in the scratch of the store; a request that waits may have been answered before. */
export function enterRecord(books: Books, edge: Edge, owed: CrossingEntry): void {
  makeRoom(books);
  const record = books.crossings.add(owed);
  const child = books.spans.findChild(books.crossings.scratch);
  if (owed.state === WAITING && child !== 0 && hasAnswer(books, record, child)) {
    owed.state = MATCHED;
    books.crossings.setState(books.crossings.ring.slot(record), MATCHED);
  }
  count(books, edge, Math.min(owed.endMs, owed.arrivedMs), owed.state);
  if (child !== 0) earlyChildren(books, record, edge, child);
}

/** A request that is overwritten while it waits will never be known: the store is too small for the load. */
function makeRoom(books: Books): void {
  const { crossings, edges, totals } = books;
  const { ring } = crossings;
  if (ring.newest() < ring.capacity) return;
  const slot = ring.slot(ring.oldest());
  if (crossings.state(slot) !== WAITING) return;
  totals.waiting -= 1;
  totals.evicted += 1;
  const forgotten = edges.at(crossings.edge(slot));
  forgotten.waiting -= 1;
  forgotten.tally.add(FORGOTTEN, countedAtMs(books, slot), 1);
}

function hasAnswer(books: Books, record: number, newest: number): boolean {
  const { spans, crossings } = books;
  for (let child = newest; child !== 0; child = spans.findOlderChild(crossings.scratch, child)) {
    if (isAnswer(books, record, spans.service(spans.ring.slot(child)))) return true;
  }
  return false;
}

/** The children that came before their request, from the newest on. */
function earlyChildren(books: Books, record: number, edge: Edge, newest: number): void {
  const { spans, crossings, services } = books;
  const { scratch } = crossings;
  for (let child = newest; child !== 0; child = spans.findOlderChild(scratch, child)) {
    const slot = spans.ring.slot(child);
    if (!isAnswer(books, record, spans.service(slot))) continue;
    const service = services.at(spans.service(slot));
    learnService(edge, service);
    noteFacets(books, record, spans.source(slot), false);
    noteChild(books, record, service, spans.startMs(slot), spans.endMs(slot));
  }
}

function count(books: Books, edge: Edge, atMs: number, state: number): void {
  const { totals } = books;
  if (state === EXCUSED) {
    totals.excused += 1;
    edge.tally.add(NOT_EXPECTED, atMs, 1);
    return;
  }
  totals.observed += 1;
  edge.tally.add(FORWARDED, atMs, 1);
  if (state === MATCHED) {
    totals.matched += 1;
    edge.tally.add(ANSWERED, atMs, 1);
    return;
  }
  totals.waiting += 1;
  edge.waiting += 1;
}
