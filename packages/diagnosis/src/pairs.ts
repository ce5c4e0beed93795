/** Signs that take two records: what came to one border beside what another border had sent. */
import type { Arrival } from "./arrival.ts";
import { OPEN, noteSign } from "./arrival.ts";
import type { Books } from "./books.ts";
import { forwardedExample } from "./books.ts";
import { ENTRY_BIT, INBOUND_OPEN_BIT, MEMBERLESS_BIT, OWN_PARENT_BIT, TRANSLATED_BIT } from "./crossing-store.ts";
import { KEY_WORDS } from "./id-words.ts";
import type { Sign } from "./sign.ts";

const SAME_REQUEST: Sign = { kind: "stripped-before-us", fact: "same-request-at-other-border" };
const FORMAT_SURVIVED: Sign = { kind: "stripped-before-us", fact: "format-survived" };
const STATE_SENT: Sign = { kind: "tracestate-lost", fact: "state-sent-by-other-border" };
const GHOST: Sign = { kind: "ghost-hop-before-us", fact: "parent-never-exported" };

const key = new Uint32Array(KEY_WORDS);
const request = new Uint32Array(2);

/** Compares a record with what other borders sent, once the outer exchange has surely ended too. */
export function comparePair(books: Books, record: number): void {
  const { crossings } = books;
  const bits = crossings.bits(crossings.ring.slot(record));
  if ((bits & ENTRY_BIT) !== 0) compareRequest(books, record);
  else if ((bits & MEMBERLESS_BIT) !== 0) compareState(books, record);
}

/** Whether the parent under which a record came was ever exported, after the longest wait. */
export function checkParentBefore(books: Books, record: number): void {
  const { crossings, seen, arrivals } = books;
  const slot = crossings.ring.slot(record);
  if ((crossings.bits(slot) & INBOUND_OPEN_BIT) === 0) return;
  crossings.readKey(record, key);
  crossings.readMember(record, key, 4);
  // Where even the span of the border before us is unknown, its cluster exports elsewhere, and so may everyone in it.
  if (!seen.has(key)) return;
  crossings.readInbound(record, key, 4);
  if (seen.has(key) || crossings.findSpan(key) !== 0) return;
  const arrival = arrivals.at(crossings.arrival(slot) - 1);
  if (arrival !== undefined) note(books, arrival, GHOST, record);
}

function compareRequest(books: Books, record: number): void {
  const { crossings, edges, arrivals } = books;
  if (!crossings.readRequest(record, request, 0)) return;
  const slot = crossings.ring.slot(record);
  const ours = edges.at(crossings.edge(slot));
  let sender = 0;
  for (let rival = crossings.findRequest(request, 0); rival !== 0;) {
    const at = crossings.ring.slot(rival);
    if (edges.at(crossings.edge(at)).boundary !== ours.boundary && isWithin(books, at, slot)) {
      if (sender !== 0) return;
      sender = rival;
    }
    rival = crossings.findOlderRequest(request, 0, rival);
  }
  if (sender === 0) return;
  const before = edges.at(crossings.edge(crossings.ring.slot(sender)));
  const arrival = arrivals.openFrom(ours.boundary, ours.cluster, before.cluster);
  if (arrival !== undefined) note(books, arrival, SAME_REQUEST, record, crossings.traceId(sender));
}

function compareState(books: Books, record: number): void {
  const { crossings, edges, arrivals } = books;
  crossings.readKey(record, key);
  crossings.readInbound(record, key, 4);
  const sender = crossings.findSpan(key);
  if (sender === 0) return;
  const slot = crossings.ring.slot(record);
  const at = crossings.ring.slot(sender);
  const ours = edges.at(crossings.edge(slot));
  const before = edges.at(crossings.edge(at));
  if (before.boundary === ours.boundary || (crossings.bits(at) & OWN_PARENT_BIT) === 0) return;
  const arrival = arrivals.openFrom(ours.boundary, ours.cluster, before.cluster);
  const translated = (crossings.bits(slot) & TRANSLATED_BIT) !== 0;
  if (arrival !== undefined) note(books, arrival, translated ? FORMAT_SURVIVED : STATE_SENT, record);
}

/** Whether the exchange at `outer` was open when the one at `inner` began. */
function isWithin({ crossings }: Books, outer: number, inner: number): boolean {
  const startMs = crossings.startMs(inner);
  return crossings.startMs(outer) <= startMs && crossings.endMs(outer) >= startMs;
}

function note(books: Books, arrival: Arrival, sign: Sign, record: number, sentTraceId?: string): void {
  const came = forwardedExample(books, record);
  const { atMs } = came;
  const example = sentTraceId === undefined ? came : { traceId: sentTraceId, otherTraceId: came.traceId, atMs };
  noteSign(arrival, { sign, outcome: OPEN, atMs, example: () => example }, books.settings.windowMs);
}
