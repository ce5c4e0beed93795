/** Ends waits at once where a span that came shows what became of a request: positive evidence needs no watermark. */
import type { Books } from "./books.ts";
import { WAITING } from "./crossing-store.ts";
import { answersFor } from "./edge.ts";
import { KEY_WORDS } from "./id-words.ts";
import { SKEW_MS, overlaps } from "./interval.ts";
import { findExactJoin } from "./join.ts";
import { firstSecondOf, mayHaveRoot } from "./on-connection.ts";
import { secondOf } from "./ring.ts";
import { settleWith } from "./settle.ts";

const key = new Uint32Array(KEY_WORDS);
const request = new Uint32Array(2);

/** Requests that may be joined with the span at hand; they are collected first because joining walks the same chains. */
const candidates: number[] = [];

/** So many share a connection or a request id only by somebody's intent. */
const MOST_CANDIDATES = 64;

/** A root of a service: joined with the request that waits for it, where no other would fit. */
export function settleByRoot(books: Books, orphan: number): void {
  candidates.length = 0;
  if (!books.answers.isEmpty()) collect(books, books.answers.recordOf(books.orphans.traceId(orphan)));
  collectByLink(books, orphan);
  collectByHalf(books, orphan);
  collectByRequest(books, orphan);
  const alone = collectByConnection(books, orphan);
  for (const record of candidates) settleBy(books, record, orphan, record === alone);
}

/** A request that waits for a child which came below the span that it forwarded, but in another trace. */
export function settleByForm(books: Books, record: number): void {
  const { crossings, edges } = books;
  if (!isWaiting(books, record)) return;
  const edge = edges.at(crossings.edge(crossings.ring.slot(record)));
  const join = findExactJoin(books, record, edge);
  if (join !== undefined && join.span !== 0) settleWith(books, record, join);
}

function collectByLink(books: Books, orphan: number): void {
  const { crossings, orphans } = books;
  if (!orphans.readLink(orphan, key)) return;
  for (let record = crossings.findSpan(key); record !== 0; record = crossings.findOlderSpan(key, record)) {
    collect(books, record);
  }
}

function collectByHalf(books: Books, orphan: number): void {
  const { crossings, orphans } = books;
  orphans.readKey(orphan, key);
  // Of ids that keep a half, nearly all are short; the others are found once their request is due.
  if (key[0] !== 0) return;
  for (let record = crossings.findLowerHalf(key); record !== 0; record = crossings.findOlderLowerHalf(key, record)) {
    collect(books, record);
  }
}

function collectByRequest(books: Books, orphan: number): void {
  const { crossings, orphans } = books;
  if (!orphans.readRequest(orphan, request)) return;
  for (let record = crossings.findRequest(request, 0); record !== 0;) {
    if (isAnswerable(books, record, orphan)) collect(books, record);
    record = crossings.findOlderRequest(request, 0, record);
  }
}

/**
 * Two that were open at that time on one connection hinder each other: then none is collected. Returns the request beside
 * which no other may have sent the orphan over it, given up ones included; 0 for none.
 */
function collectByConnection(books: Books, orphan: number): number {
  const { crossings, orphans } = books;
  const slot = orphans.ring.slot(orphan);
  const port = orphans.peerPort(slot);
  if (port === 0 || orphans.isJoined(slot)) return 0;
  const fromMs = orphans.startMs(slot) - SKEW_MS;
  const untilMs = orphans.endMs(slot) + SKEW_MS;
  let found = 0;
  let givenUp = false;
  for (let second = firstSecondOf(books, fromMs); second <= secondOf(untilMs); second += 1) {
    let record = crossings.findPort(port, second);
    for (; record !== 0; record = crossings.findOlderPort(port, second, record)) {
      const at = crossings.ring.slot(record);
      if (!overlaps(crossings.startMs(at), crossings.endMs(at), fromMs, untilMs)) continue;
      if (!isAnswerable(books, record, orphan)) continue;
      const state = crossings.state(at);
      if (state !== WAITING) {
        givenUp ||= mayHaveRoot(books, at);
        continue;
      }
      if (found !== 0) return 0;
      found = record;
    }
  }
  if (found !== 0) collect(books, found);
  return givenUp ? 0 : found;
}

function collect(books: Books, record: number): void {
  if (candidates.length < MOST_CANDIDATES && isWaiting(books, record)) candidates.push(record);
}

function settleBy(books: Books, record: number, orphan: number, alone: boolean): void {
  const { crossings, edges } = books;
  if (!isWaiting(books, record)) return;
  const edge = edges.at(crossings.edge(crossings.ring.slot(record)));
  const join = findExactJoin(books, record, edge, alone ? orphan : 0);
  if (join?.orphan === orphan) settleWith(books, record, join);
}

function isWaiting({ crossings }: Books, record: number): boolean {
  if (record < crossings.ring.oldest()) return false;
  return crossings.state(crossings.ring.slot(record)) === WAITING;
}

/** Whether the orphan's service is known to stand behind the edge: one request passes several borders with one id. */
function isAnswerable({ crossings, orphans, edges }: Books, record: number, orphan: number): boolean {
  const edge = edges.at(crossings.edge(crossings.ring.slot(record)));
  return answersFor(edge, orphans.service(orphans.ring.slot(orphan)));
}
