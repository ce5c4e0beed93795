/** Finds what a missing child left elsewhere, by exact joins only: ids, links, request ids, our own connection. */
import type { Books } from "./books.ts";
import {
  BARE,
  DESCENDANTS,
  GHOST_PARENT,
  LINKED,
  SAME_CONNECTION,
  SAME_REQUEST,
  SAME_REQUEST_OTHER_PEER,
  TRUNCATED,
} from "./cause.ts";
import type { CrossingStore } from "./crossing-store.ts";
import { EXCUSED, MATCHED } from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { answersFor } from "./edge.ts";
import { KEY_WORDS } from "./id-words.ts";
import type { OrphanStore } from "./orphan-store.ts";
import { ENTRY, LOCAL } from "./span-store.ts";

export interface Join {
  readonly cause: number;
  /** The record of the orphan it was joined with; 0 where the cause needs none. */
  readonly orphan: number;
  /** The record of the span that entered the trace below another parent, or with half its id; 0 for none. */
  readonly span: number;
  readonly confidence: number;
}

const NOTHING: Join = { cause: BARE, orphan: 0, span: 0, confidence: 0 };

/** The key of the request at hand, and one to look others up by. */
const key = new Uint32Array(KEY_WORDS);
const other = new Uint32Array(KEY_WORDS);
const request = new Uint32Array(2);

/** The first join that holds, the surest first; it is refused where more than one pair would fit. */
export function findJoin(books: Books, record: number, edge: Edge): Join {
  books.crossings.readKey(record, key);
  return (
    truncatedChild(books) ??
    linkedRoot(books, record) ??
    sameRequest(books, record, edge) ??
    insideTrace(books, edge) ??
    sameConnection(books, record, edge) ??
    NOTHING
  );
}

/** Hops that keep 64 bits of a trace id send the lower half, padded with zeros. By chance that happens once in 2^64. */
function truncatedChild({ spans, orphans }: Books): Join | undefined {
  if (key[0] === 0 && key[1] === 0) return undefined;
  other.set(key);
  other[0] = other[1] = 0;
  const span = spans.findChild(other);
  if (span !== 0) return { cause: TRUNCATED, orphan: 0, span, confidence: 1 };
  const orphan = orphans.findTrace(other);
  return orphan === 0 ? undefined : { cause: TRUNCATED, orphan, span: 0, confidence: 1 };
}

/** A service that restarts on purpose links back to what it was sent. */
function linkedRoot({ crossings, orphans }: Books, record: number): Join | undefined {
  let orphan = orphans.findLink(key);
  if (orphan === 0) {
    other.set(key);
    crossings.readInbound(record, other, 4);
    orphan = orphans.findLink(other);
  }
  return orphan === 0 ? undefined : { cause: LINKED, orphan, span: 0, confidence: 1 };
}

/** Retries repeat a request id: the pair must be the only one on both sides. */
function sameRequest({ crossings, orphans }: Books, record: number, edge: Edge): Join | undefined {
  if (!crossings.readRequest(record, request, 0)) return undefined;
  let found = 0;
  for (let orphan = orphans.findRequest(request, 0); orphan !== 0;) {
    const service = orphans.service[orphans.ring.slot(orphan)] as number;
    if (edge.services.length === 0 || answersFor(edge, service)) {
      if (found !== 0) return undefined;
      found = orphan;
    }
    orphan = orphans.findOlderRequest(request, 0, orphan);
  }
  if (found === 0) return undefined;
  for (let rival = crossings.findRequest(request, 0); rival !== 0;) {
    const slot = crossings.ring.slot(rival);
    if (rival !== record && crossings.edge[slot] === edge.id && isUnanswered(crossings.state[slot])) return undefined;
    rival = crossings.findOlderRequest(request, 0, rival);
  }
  const ours = crossings.localPort[crossings.ring.slot(record)] as number;
  const theirs = orphans.peerPort[orphans.ring.slot(found)] as number;
  const elsewhere = ours !== 0 && theirs !== 0 && ours !== theirs;
  return { cause: elsewhere ? SAME_REQUEST_OTHER_PEER : SAME_REQUEST, orphan: found, span: 0, confidence: 0.999 };
}

/**
 * The called service is in the trace, but not below the span that was forwarded. Where it answered another request of
 * ours in the same trace, its local spans may belong to that one and say nothing.
 */
function insideTrace({ spans, crossings, seen }: Books, edge: Edge): Join | undefined {
  let worked = false;
  let entered = false;
  let lost = false;
  for (let span = spans.findTrace(key); span !== 0; span = spans.findOlderTrace(key, span)) {
    const slot = spans.ring.slot(span);
    if (!answersFor(edge, spans.service[slot] as number)) continue;
    if (spans.role[slot] === LOCAL) worked = true;
    if (spans.role[slot] !== ENTRY) continue;
    entered = true;
    spans.readKey(span, other);
    if (crossings.findSpan(other) !== 0 || seen.has(other)) continue;
    // A parent of several children is one that got lost; a hop makes up a parent for each request.
    const child = spans.findChild(other);
    if (child === span && spans.findOlderChild(other, child) === 0)
      return { cause: GHOST_PARENT, orphan: 0, span, confidence: 0.97 };
    lost = true;
  }
  return lost || (worked && !entered) ? { cause: DESCENDANTS, orphan: 0, span: 0, confidence: 0.9 } : undefined;
}

/**
 * An HTTP/1.1 connection carries one request at a time. Where several overlap on it, nothing is joined. Ports are few:
 * while the services of an edge are not known, a root of any service fits.
 */
function sameConnection({ crossings, orphans }: Books, record: number, edge: Edge): Join | undefined {
  const slot = crossings.ring.slot(record);
  const port = crossings.localPort[slot] as number;
  if (port === 0) return undefined;
  const startMs = crossings.startMs[slot] as number;
  const endMs = crossings.endMs[slot] as number;
  const anyService = edge.services.length === 0;
  let found = 0;
  for (let orphan = orphans.findPort(port); orphan !== 0; orphan = orphans.findOlderPort(port, orphan)) {
    const at = orphans.ring.slot(orphan);
    if (orphans.joined[at] === 1 || !(anyService || answersFor(edge, orphans.service[at] as number))) continue;
    if (!overlaps(startMs, endMs, orphans.startMs[at] as number, orphans.endMs[at] as number)) continue;
    if (found !== 0) return undefined;
    found = orphan;
  }
  if (found === 0 || hasRivals(crossings, record, edge, orphans, found)) return undefined;
  return { cause: SAME_CONNECTION, orphan: found, span: 0, confidence: 0.99 };
}

/** Whether another request that still wants its span overlaps the orphan on the same connection. */
function hasRivals(
  crossings: CrossingStore,
  record: number,
  edge: Edge,
  orphans: OrphanStore,
  orphan: number,
): boolean {
  const at = orphans.ring.slot(orphan);
  const startMs = orphans.startMs[at] as number;
  const endMs = orphans.endMs[at] as number;
  const port = orphans.peerPort[at] as number;
  for (let rival = crossings.findPort(edge.id, port); rival !== 0;) {
    const slot = crossings.ring.slot(rival);
    const fits = overlaps(crossings.startMs[slot] as number, crossings.endMs[slot] as number, startMs, endMs);
    if (rival !== record && fits && isUnanswered(crossings.state[slot])) return true;
    rival = crossings.findOlderPort(edge.id, port, rival);
  }
  return false;
}

function isUnanswered(state: number | undefined): boolean {
  return state !== MATCHED && state !== EXCUSED;
}

function overlaps(startMs: number, endMs: number, otherStartMs: number, otherEndMs: number): boolean {
  return otherStartMs <= endMs && otherEndMs >= startMs;
}
