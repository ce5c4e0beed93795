/** Takes from one crossing what the ledger needs, and enters several at once: their places lie anywhere in memory. */
import type { Crossing, TraceContext } from "@tracemend/context";
import { isSampled } from "@tracemend/context";
import type { Arrival } from "./arrival.ts";
import type { Books } from "./books.ts";
import { countedAtMs } from "./books.ts";
import type { CrossingEntry } from "./crossing-store.ts";
import {
  CONTINUED_BIT,
  CROSSING_SCRATCH,
  EGRESS_BIT,
  ENTRY_BIT,
  EXCUSED,
  INBOUND_OPEN_BIT,
  MEMBERLESS_BIT,
  MOST_FETCHED,
  OWN_PARENT_BIT,
  SAMPLED_BIT,
  STARTED_BIT,
  TRANSLATED_BIT,
  WAITING,
} from "./crossing-store.ts";
import { FORWARDED } from "./edge.ts";
import { enterRecord } from "./forwarded.ts";
import { hashShort, hashText } from "./hash.ts";
import { TRACE_WORDS, readSpanId, readTraceId } from "./id-words.ts";
import { outcomeOf } from "./outcome.ts";
import { isProbe } from "./probe.ts";
import { markJoined } from "./settle.ts";

/** A crossing whose words are read and whose place is not yet looked for. */
interface Taken {
  /** The other trace that the answer named. */
  named: string | undefined;
  readonly entry: CrossingEntry;
}

function createTaken(): Taken {
  const times = { startMs: 0, endMs: 0, arrivedMs: 0 };
  const entry = { ...times, edge: 0, arrival: 0, localPort: 0, path: 0, outcome: 0, route: 0, state: 0, bits: 0 };
  return { named: undefined, entry };
}

export interface CrossingIntake {
  /** What went nowhere or left without a context owes nothing and is passed over. */
  take(crossing: Crossing, arrival: Arrival | undefined, nowMs: number): void;
  /** To be called before anything else looks at the books or enters into them. */
  enterTaken(): void;
}

export function createCrossingIntake(books: Books): CrossingIntake {
  const { crossings } = books;
  const stride = crossings.scratch.length;
  const words = new Uint32Array(MOST_FETCHED * stride);
  const spans = Int32Array.from({ length: MOST_FETCHED }, (_, at) => at * stride + TRACE_WORDS);
  const taken = Array.from({ length: MOST_FETCHED }, createTaken);
  let count = 0;
  const enterTaken = (): void => {
    const due = count;
    count = 0;
    crossings.fetch(words, spans, due);
    for (let at = 0; at < due; at += 1) {
      for (let word = 0; word < stride; word += 1) crossings.scratch[word] = words[at * stride + word] as number;
      enter(books, taken[at] as Taken);
    }
  };
  return {
    take(crossing, arrival, nowMs) {
      const { upstream, verdict } = crossing;
      const { context } = verdict;
      if (upstream === undefined || context === undefined) return;
      const edge = books.edges.open(crossing.boundary, crossing.cluster, upstream.name);
      if (edge === undefined || !readWords(crossing, context, words, count * stride)) return;
      const next = taken[count] as Taken;
      const { entry } = next;
      const named = crossing.answer?.traceId;
      next.named = named === context.traceId ? undefined : named;
      entry.startMs = crossing.startMs;
      entry.endMs = crossing.endMs;
      entry.arrivedMs = nowMs;
      entry.edge = edge.id;
      entry.arrival = arrival === undefined ? 0 : arrival.id + 1;
      entry.localPort = upstream.localPort ?? 0;
      entry.route = edge.routes.keep(crossing.path);
      entry.bits = bitsOf(crossing, context);
      entry.path = hashShort(crossing.path);
      entry.outcome = outcomeOf(crossing);
      entry.state = isOwed(crossing, context) ? WAITING : EXCUSED;
      count += 1;
      if (count === MOST_FETCHED) enterTaken();
    },
    enterTaken,
  };
}

/** Enters the crossing whose words stand in the scratch of the store. */
function enter(books: Books, { named, entry }: Taken): void {
  if ((entry.bits & OWN_PARENT_BIT) !== 0) withdrawCall(books);
  enterRecord(books, books.edges.at(entry.edge), entry);
  if (named !== undefined && entry.state === WAITING) books.answers.add(books.crossings.ring.newest(), named);
  if ((entry.bits & STARTED_BIT) !== 0) ownRootIsNoOrphan(books);
}

function readWords(
  { requestId, verdict, reading }: Crossing,
  { traceId, parentId }: TraceContext,
  into: Uint32Array,
  at: number,
): boolean {
  if (!readTraceId(traceId, into, at) || !readSpanId(parentId, into, at + TRACE_WORDS)) return false;
  for (let word = CROSSING_SCRATCH.requestId; word < CROSSING_SCRATCH.words; word += 1) into[at + word] = 0;
  if (requestId !== undefined) hashText(requestId, into, at + CROSSING_SCRATCH.requestId);
  if (verdict.from !== undefined) readSpanId(verdict.from.parentId, into, at + CROSSING_SCRATCH.inbound);
  if (reading.kind === "valid" && reading.own !== undefined) {
    readSpanId(reading.own.spanId, into, at + CROSSING_SCRATCH.member);
  }
  return true;
}

/** Instrumentation commonly leaves probes out, and a tunnel carries bytes alone. */
function isOwed({ failure, userAgent, path, method }: Crossing, context: TraceContext): boolean {
  return isSampled(context) && failure === undefined && method !== "CONNECT" && !isProbe(userAgent, path);
}

function bitsOf({ reading, verdict, answer, side }: Crossing, context: TraceContext): number {
  let bits = side === "egress" ? EGRESS_BIT : 0;
  if (answer !== undefined && answer.traceId === context.traceId) bits |= CONTINUED_BIT;
  if (isSampled(context)) bits |= SAMPLED_BIT;
  if (verdict.ownParent) bits |= OWN_PARENT_BIT;
  if (verdict.from === undefined) bits |= STARTED_BIT;
  if (reading.kind === "absent" && verdict.from === undefined) {
    // What survived tells by itself what was lost, and would be counted twice.
    if (reading.carried === undefined && reading.notes.length === 0) bits |= ENTRY_BIT;
  }
  if (reading.kind !== "valid") return bits;
  if (reading.wire === undefined) bits |= TRANSLATED_BIT;
  // With a carrier beside it the crossing tells by itself what was lost, and would be counted twice.
  if (reading.own === undefined) return reading.carried === undefined ? bits | MEMBERLESS_BIT : bits;
  return reading.own.spanId === reading.context.parentId ? bits : bits | INBOUND_OPEN_BIT;
}

/** Our own CLIENT span of the crossing in the scratch may have come before it, and was taken for a call of a service. */
function withdrawCall(books: Books): void {
  const { crossings, edges, services, totals } = books;
  const record = crossings.findSpan(crossings.scratch);
  if (record === 0) return;
  const slot = crossings.ring.slot(record);
  const edge = edges.at(crossings.edge(slot));
  if (edge.cluster !== "" || crossings.state(slot) !== WAITING) return;
  const service = services.find(edge.boundary);
  if (service !== undefined) service.border = true;
  crossings.setState(slot, EXCUSED);
  totals.waiting -= 1;
  totals.observed -= 1;
  totals.excused += 1;
  edge.waiting -= 1;
  edge.tally.add(FORWARDED, countedAtMs(books, slot), -1);
}

/** Our own SERVER span of a trace that began here is a root by right. */
function ownRootIsNoOrphan(books: Books): void {
  const root = books.orphans.findTrace(books.crossings.scratch);
  if (root !== 0) markJoined(books, root);
}
