/** Enters one crossing into the ledger: the request owes us a span of the called service from now on. */
import type { Crossing, TraceContext } from "@tracemend/context";
import { isSampled } from "@tracemend/context";
import type { Arrival } from "./arrival.ts";
import type { Books } from "./books.ts";
import { countedAtMs } from "./books.ts";
import type { CrossingEntry } from "./crossing-store.ts";
import {
  CROSSING_SCRATCH,
  CAME_ABSENT_BIT,
  CONTINUED_BIT,
  EGRESS_BIT,
  ENTRY_BIT,
  EXCUSED,
  INBOUND_OPEN_BIT,
  MATCHED,
  MEMBERLESS_BIT,
  OWN_PARENT_BIT,
  SAMPLED_BIT,
  STARTED_BIT,
  TRANSLATED_BIT,
  WAITING,
} from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { ANSWERED, FORGOTTEN, FORWARDED, NOT_EXPECTED, learnService } from "./edge.ts";
import { hashShort, hashText } from "./hash.ts";
import { readSpanId, readTraceId } from "./id-words.ts";
import { noteChild } from "./child.ts";
import { isProbe } from "./probe.ts";
import { isAnswer, markJoined, noteFacets } from "./settle.ts";

const entry: CrossingEntry = {
  startMs: 0,
  endMs: 0,
  arrivedMs: 0,
  edge: 0,
  arrival: 0,
  localPort: 0,
  path: 0,
  route: 0,
  state: 0,
  bits: 0,
};

/** What went nowhere or left without a context owes nothing and is passed over. */
export function enterCrossing(books: Books, crossing: Crossing, arrival: Arrival | undefined, nowMs: number): void {
  const { upstream, verdict } = crossing;
  const { context } = verdict;
  if (upstream === undefined || context === undefined) return;
  const edge = books.edges.open(crossing.boundary, crossing.cluster, upstream.name);
  if (edge === undefined || !writeScratch(books, crossing, context)) return;
  if (verdict.ownParent) withdrawCall(books);
  entry.startMs = crossing.startMs;
  entry.endMs = crossing.endMs;
  entry.arrivedMs = nowMs;
  entry.edge = edge.id;
  entry.arrival = arrival === undefined ? 0 : arrival.id + 1;
  entry.localPort = upstream.localPort ?? 0;
  entry.route = edge.routes.keep(crossing.path);
  entry.bits = bitsOf(crossing, context);
  entry.path = hashShort(crossing.path);
  entry.state = isOwed(crossing, context) ? WAITING : EXCUSED;
  enterRecord(books, edge, entry);
  const named = crossing.answer?.traceId;
  if (named !== undefined && named !== context.traceId && entry.state === WAITING) {
    books.answers.add(books.crossings.ring.newest(), named);
  }
  if ((entry.bits & STARTED_BIT) !== 0) ownRootIsNoOrphan(books);
}

/** Our own CLIENT span of the crossing in the scratch may have come before it, and was taken for a call of a service. */
function withdrawCall(books: Books): void {
  const { crossings, edges, services, totals } = books;
  const record = crossings.findSpan(crossings.scratch);
  if (record === 0) return;
  const slot = crossings.ring.slot(record);
  const edge = edges.at(crossings.edge[slot] as number);
  if (edge.cluster !== "" || crossings.state[slot] !== WAITING) return;
  const service = services.find(edge.boundary);
  if (service !== undefined) service.border = true;
  crossings.state[slot] = EXCUSED;
  totals.waiting -= 1;
  totals.observed -= 1;
  totals.excused += 1;
  edge.waiting -= 1;
  edge.tally.add(FORWARDED, countedAtMs(books, slot), -1);
}

/** Enters what stands in the scratch of the store; a request that waits may have been answered before. */
export function enterRecord(books: Books, edge: Edge, owed: CrossingEntry): void {
  makeRoom(books);
  const record = books.crossings.add(owed);
  const child = books.spans.findChild(books.crossings.scratch);
  if (owed.state === WAITING && child !== 0 && hasAnswer(books, record, child)) {
    owed.state = MATCHED;
    books.crossings.state[books.crossings.ring.slot(record)] = MATCHED;
  }
  count(books, edge, Math.min(owed.endMs, owed.arrivedMs), owed.state);
  if (child !== 0) earlyChildren(books, record, edge, child);
}

/** Instrumentation commonly leaves probes out, and a tunnel carries bytes alone. */
function isOwed({ failure, userAgent, path, method }: Crossing, context: TraceContext): boolean {
  return isSampled(context) && failure === undefined && method !== "CONNECT" && !isProbe(userAgent, path);
}

function writeScratch(books: Books, crossing: Crossing, context: TraceContext): boolean {
  const { scratch } = books.crossings;
  if (!readTraceId(context.traceId, scratch) || !readSpanId(context.parentId, scratch, 4)) return false;
  const { requestId, verdict, reading } = crossing;
  for (let word = CROSSING_SCRATCH.requestId; word < scratch.length; word += 1) scratch[word] = 0;
  if (requestId !== undefined) hashText(requestId, scratch, CROSSING_SCRATCH.requestId);
  if (verdict.from !== undefined) readSpanId(verdict.from.parentId, scratch, CROSSING_SCRATCH.inbound);
  if (reading.kind === "valid" && reading.own !== undefined) {
    readSpanId(reading.own.spanId, scratch, CROSSING_SCRATCH.member);
  }
  return true;
}

/** A request that is overwritten while it waits will never be known: the store is too small for the load. */
function makeRoom(books: Books): void {
  const { crossings, edges, totals } = books;
  const { ring, state, edge } = crossings;
  if (ring.newest() < ring.capacity) return;
  const slot = ring.slot(ring.oldest());
  if (state[slot] !== WAITING) return;
  totals.waiting -= 1;
  totals.evicted += 1;
  const forgotten = edges.at(edge[slot] as number);
  forgotten.waiting -= 1;
  forgotten.tally.add(FORGOTTEN, countedAtMs(books, slot), 1);
}

function bitsOf({ reading, verdict, answer, side }: Crossing, context: TraceContext): number {
  let bits = side === "egress" ? EGRESS_BIT : 0;
  if (answer !== undefined && answer.traceId === context.traceId) bits |= CONTINUED_BIT;
  if (isSampled(context)) bits |= SAMPLED_BIT;
  if (verdict.ownParent) bits |= OWN_PARENT_BIT;
  if (verdict.from === undefined) bits |= STARTED_BIT;
  if (reading.kind === "absent") {
    bits |= CAME_ABSENT_BIT;
    if (verdict.from === undefined && reading.carried === undefined && reading.notes.length === 0) bits |= ENTRY_BIT;
  }
  if (reading.kind !== "valid") return bits;
  if (reading.wire === undefined) bits |= TRANSLATED_BIT;
  // With a carrier beside it the crossing tells by itself what was lost, and would be counted twice.
  if (reading.own === undefined) return reading.carried === undefined ? bits | MEMBERLESS_BIT : bits;
  return reading.own.spanId === reading.context.parentId ? bits : bits | INBOUND_OPEN_BIT;
}

function hasAnswer(books: Books, record: number, newest: number): boolean {
  const { spans, crossings } = books;
  for (let child = newest; child !== 0; child = spans.findOlderChild(crossings.scratch, child)) {
    if (isAnswer(books, record, spans.service[spans.ring.slot(child)] as number)) return true;
  }
  return false;
}

/** The children that came before their request, from the newest on. */
function earlyChildren(books: Books, record: number, edge: Edge, newest: number): void {
  const { spans, crossings, services } = books;
  const { scratch } = crossings;
  for (let child = newest; child !== 0; child = spans.findOlderChild(scratch, child)) {
    const slot = spans.ring.slot(child);
    if (!isAnswer(books, record, spans.service[slot] as number)) continue;
    const service = services.at(spans.service[slot] as number);
    learnService(edge, service);
    noteFacets(books, record, spans.source[slot] as number, false);
    noteChild(books, record, service, spans.startMs[slot] as number, spans.endMs[slot] as number);
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

/** Our own SERVER span of a trace that began here is a root by right. */
function ownRootIsNoOrphan(books: Books): void {
  const root = books.orphans.findTrace(books.crossings.scratch);
  if (root !== 0) markJoined(books, root);
}
