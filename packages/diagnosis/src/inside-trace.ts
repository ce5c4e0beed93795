/** What the called service left in the very trace that was forwarded, where its child of the forwarded span is not there. */
import type { Books } from "./books.ts";
import { DESCENDANTS, GHOST_PARENT } from "./cause.ts";
import { EXCUSED, MATCHED } from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { answersFor, mayAnswerFor } from "./edge.ts";
import { KEY_WORDS, TRACE_WORDS, sameWords } from "./id-words.ts";
import { SKEW_MS, overlaps } from "./interval.ts";
import type { Join } from "./join.ts";
import { ENTRY, LOCAL } from "./span-store.ts";
import { ENOUGH_FOR_OFFSET, leastDelays, offsetMs } from "./timing-model.ts";

const key = new Uint32Array(KEY_WORDS);
const other = new Uint32Array(KEY_WORDS);

/** So far beside the least delays that are known a span may lie. */
const BESIDE_MS = 5;

/** Spans of one trace that stand below ghosts; more than this are not told apart. */
const ghosts: number[] = [];
const MOST_GHOSTS = 16;

/**
 * A span below a parent that nobody exported, or work without the span it was entered by. Where the service answered
 * another request in the same trace, its local spans may belong to that one and say nothing.
 */
export function insideTrace(books: Books, record: number, edge: Edge): Join | undefined {
  const { spans, crossings, seen, services } = books;
  // Nobody is known to answer there: none of the spans can be the called service's, however many the trace has.
  if (edge.services.length === 0) return undefined;
  crossings.readKey(record, key);
  ghosts.length = 0;
  let worked = false;
  let entered = false;
  let lost = false;
  for (let span = spans.findTrace(key); span !== 0; span = spans.findOlderTrace(key, span)) {
    const slot = spans.ring.slot(span);
    const service = spans.service(slot);
    if (!answersFor(edge, service) || services.at(service).border) continue;
    if (spans.role(slot) === LOCAL) worked = true;
    if (spans.role(slot) !== ENTRY) continue;
    entered = true;
    spans.readKey(span, other);
    if (crossings.findSpan(other) !== 0 || seen.has(other)) continue;
    // A parent of several children is one that got lost; a hop makes up a parent for each request.
    const child = spans.findChild(other);
    const alone = child === span && spans.findOlderChild(other, child) === 0;
    if (!alone) lost = true;
    else if (ghosts.length < MOST_GHOSTS) ghosts.push(span);
  }
  if (ghosts.length > 0 && !areOthers(books, record, edge))
    return { cause: GHOST_PARENT, orphan: 0, span: onlyGhostOf(books, record, edge), confidence: 0.97 };
  if (!lost && (!worked || entered || isAnsweredInTrace(books, edge))) return undefined;
  return { cause: DESCENDANTS, orphan: 0, span: 0, confidence: 0.9 };
}

/** Whether every ghost's child lies beside this request and within another of the trace that misses its span too. */
function areOthers(books: Books, record: number, edge: Edge): boolean {
  const { spans, crossings } = books;
  const slot = crossings.ring.slot(record);
  const aheadMs = offsetMs(edge.timing) ?? 0;
  const fromMs = crossings.startMs(slot) + aheadMs - SKEW_MS;
  const untilMs = crossings.endMs(slot) + aheadMs + SKEW_MS;
  return ghosts.every((ghost) => {
    const at = spans.ring.slot(ghost);
    return !overlaps(spans.startMs(at), spans.endMs(at), fromMs, untilMs) && isWantedByOthers(books, record, ghost);
  });
}

/**
 * The span that is surely this request's: no other overlaps it, and no other request the span, and it lies as spans of the
 * edge are known to; 0 for none.
 */
function onlyGhostOf(books: Books, record: number, edge: Edge): number {
  const { spans, crossings } = books;
  const slot = crossings.ring.slot(record);
  const fromMs = crossings.startMs(slot) - SKEW_MS;
  const untilMs = crossings.endMs(slot) + SKEW_MS;
  if (ghosts.length >= MOST_GHOSTS) return 0;
  let found = 0;
  for (const ghost of ghosts) {
    const at = spans.ring.slot(ghost);
    if (!overlaps(spans.startMs(at), spans.endMs(at), fromMs, untilMs)) continue;
    if (found !== 0) return 0;
    found = ghost;
  }
  if (found === 0 || isBeside(books, slot, found, edge) || isWantedByOthers(books, record, found)) return 0;
  return found;
}

/** Whether the span lies where none of the edge would, once it is known where these lie: then the request's own was lost. */
function isBeside({ spans, crossings }: Books, slot: number, ghost: number, { timing }: Edge): boolean {
  if (timing.pairs < ENOUGH_FOR_OFFSET) return false;
  const at = spans.ring.slot(ghost);
  const least = leastDelays(timing);
  const isEarly = spans.startMs(at) < crossings.startMs(slot) + least.startMs - BESIDE_MS;
  return isEarly || spans.endMs(at) > crossings.endMs(slot) - least.endMs + BESIDE_MS;
}

/** Whether another request in the trace that leads to the same service and misses its span was open beside this one. */
function isWantedByOthers({ spans, crossings, edges }: Books, record: number, ghost: number): boolean {
  const at = spans.ring.slot(ghost);
  const fromMs = spans.startMs(at) - SKEW_MS;
  const untilMs = spans.endMs(at) + SKEW_MS;
  let rival = crossings.findLowerHalf(key);
  for (; rival !== 0; rival = crossings.findOlderLowerHalf(key, rival)) {
    const slot = crossings.ring.slot(rival);
    const state = crossings.state(slot);
    if (rival === record || state === MATCHED || state === EXCUSED) continue;
    crossings.readKey(rival, other);
    const edge = edges.at(crossings.edge(slot));
    if (!sameWords(other, 0, key, 0, TRACE_WORDS)) continue;
    if (!mayAnswerFor(edge, spans.service(at))) continue;
    if (overlaps(crossings.startMs(slot), crossings.endMs(slot), fromMs, untilMs)) return true;
  }
  return false;
}

/** Whether another request in the same trace, of any edge that leads to the same service, was answered. */
function isAnsweredInTrace({ crossings, edges }: Books, edge: Edge): boolean {
  for (let record = crossings.findLowerHalf(key); record !== 0; record = crossings.findOlderLowerHalf(key, record)) {
    const slot = crossings.ring.slot(record);
    if (crossings.state(slot) !== MATCHED) continue;
    const { services } = edges.at(crossings.edge(slot));
    if (services.some(({ id }) => answersFor(edge, id))) return true;
  }
  return false;
}
