/** The root that came over the connection which a request went out on: HTTP/1.1 carries one request at a time there. */
import type { Books } from "./books.ts";
import { SAME_CONNECTION } from "./cause.ts";
import { mayBeNone, offsetOfAll, tryOffsets } from "./clock-offset.ts";
import { EXCUSED, MATCHED } from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { mayAnswerFor } from "./edge.ts";
import { SKEW_MS, overlaps } from "./interval.ts";
import type { Join } from "./join.ts";
import { portsMislead } from "./told.ts";
import { secondOf } from "./ring.ts";
import { SLACK_MS } from "./timed.ts";
import { offsetMs } from "./timing-model.ts";

/** Requests and orphans that began longer ago than this are not looked for on a connection. */
const MOST_MS = 60_000;

/** How far clocks may differ where the search for it looks, and so many roots on one connection it looks at. */
const SEARCHED_MS = 110;
const MOST_SEARCHED = 64;

/** Of a pair that nothing else on the connection is near. */
const SURE = 0.99;

/** So far from its request a span may begin where clocks agree. */
const NEAR_MS = 10;

/** So many requests tell how far the clocks differ. */
const ENOUGH_TRIED = 128;

/** What was found on the connection last. */
const roots: number[] = [];

/** The first second in which a request may have begun that was open at this time. */
export function firstSecondOf({ crossings }: Books, openMs: number): number {
  return secondOf(openMs - Math.min(MOST_MS, crossings.longestMs()));
}

/**
 * A pair that is alone on its connection even where the clocks differ is sure; while it is not known how far they do, its
 * root has to begin within the request beside. Ports are few: while the services of an edge are not known, any root fits.
 */
export function aloneOnConnection(books: Books, record: number, edge: Edge, only = 0): Join | undefined {
  if (portsMislead(edge)) return undefined;
  const aheadMs = offsetMs(edge.timing);
  const orphan = findOnConnection(books, record, edge, SKEW_MS, aheadMs ?? 0, aheadMs === 0 ? only : 0);
  if (orphan === 0 || (aheadMs === undefined && !mayAgree(books, record, edge, orphan))) return undefined;
  return joinOnConnection(orphan);
}

/** Whether the pair is as it would be if the clocks agreed, and nothing that was tried shows that they do not. */
function mayAgree({ crossings, orphans }: Books, record: number, edge: Edge, orphan: number): boolean {
  const slot = crossings.ring.slot(record);
  const startMs = orphans.startMs(orphans.ring.slot(orphan));
  const isWithin = startMs >= crossings.startMs(slot) - NEAR_MS && startMs <= crossings.endMs(slot) + NEAR_MS;
  return isWithin && mayBeNone(edge.connectionOffset);
}

/**
 * Where others are near, it has to be known how far the clocks differ: the only pair that overlaps then. Where no known
 * pairs tell, the shift does under which nearly all requests have a root of their connection.
 */
export function nearOnConnection(books: Books, record: number, edge: Edge): Join | undefined {
  if (portsMislead(edge)) return undefined;
  const aheadMs = offsetMs(edge.timing);
  if (aheadMs !== undefined) return joinOnConnection(findOnConnection(books, record, edge, 0, aheadMs));
  const { connectionOffset: search } = edge;
  if (search.trials < ENOUGH_TRIED) tryConnection(books, record, edge);
  const found = offsetOfAll(search);
  if (found === undefined) return undefined;
  return joinOnConnection(findOnConnection(books, record, edge, found.withinMs + SLACK_MS, found.aheadMs));
}

/** `orphan`: 0 for none. */
export function joinOnConnection(orphan: number): Join | undefined {
  return orphan === 0 ? undefined : { cause: SAME_CONNECTION, orphan, span: 0, confidence: SURE };
}

/** Whether any root came over the connection while the request was open, its own or not. */
export function hasRootOnConnection(books: Books, record: number, edge: Edge): boolean {
  const { crossings } = books;
  const slot = crossings.ring.slot(record);
  const aheadMs = offsetMs(edge.timing) ?? 0;
  const fromMs = crossings.startMs(slot) + aheadMs - SKEW_MS;
  findRoots(books, edge, crossings.localPort(slot), fromMs, crossings.endMs(slot) + aheadMs + SKEW_MS, 1);
  return roots.length > 0;
}

/** Where a span begins tells more than where it ends: many end once their answer is away. */
function tryConnection(books: Books, record: number, edge: Edge): void {
  const { crossings, orphans } = books;
  const slot = crossings.ring.slot(record);
  const startMs = crossings.startMs(slot);
  const endMs = crossings.endMs(slot);
  findRoots(books, edge, crossings.localPort(slot), startMs - SEARCHED_MS, endMs + SEARCHED_MS, MOST_SEARCHED);
  if (roots.length === 0) return;
  const starts = roots.map((orphan) => orphans.startMs(orphans.ring.slot(orphan)));
  tryOffsets(edge.connectionOffset, (shiftMs, least) => {
    const fromMs = startMs + shiftMs + least.startMs - SLACK_MS;
    const untilMs = endMs + shiftMs - least.endMs + SLACK_MS;
    return starts.some((each) => each >= fromMs && each <= untilMs);
  });
}

/** The only orphan that overlaps the request on its connection, and no other open request; 0 for none or several. */
function findOnConnection(
  books: Books,
  record: number,
  edge: Edge,
  slackMs: number,
  aheadMs: number,
  only = 0,
): number {
  const { crossings } = books;
  const slot = crossings.ring.slot(record);
  // By the clock of the service.
  const fromMs = crossings.startMs(slot) + aheadMs - slackMs;
  const untilMs = crossings.endMs(slot) + aheadMs + slackMs;
  findRoots(books, edge, crossings.localPort(slot), fromMs, untilMs, 2);
  if (roots.length !== 1) return 0;
  const found = roots[0] as number;
  if (found === only) return found;
  return hasRivals(books, record, edge, found, slackMs, aheadMs) ? 0 : found;
}

/** Puts orphans of the edge's services that came from this port and overlap this time into `roots`, up to `most`. */
function findRoots(books: Books, edge: Edge, port: number, fromMs: number, untilMs: number, most: number): void {
  const { orphans } = books;
  roots.length = 0;
  if (port === 0) return;
  const last = secondOf(untilMs);
  const earliestMs = Math.max(fromMs - orphans.longestMs(), untilMs - MOST_MS);
  for (let second = Math.max(secondOf(fromMs) - 1, secondOf(earliestMs)); second <= last; second += 1) {
    let orphan = orphans.findPort(port, second);
    for (; orphan !== 0; orphan = orphans.findOlderPort(port, second, orphan)) {
      const at = orphans.ring.slot(orphan);
      if (orphans.isJoined(at) || !mayAnswerFor(edge, orphans.service(at))) continue;
      if (!overlaps(fromMs, untilMs, orphans.startMs(at), orphans.endMs(at))) continue;
      roots.push(orphan);
      if (roots.length === most) return;
    }
  }
}

/** Whether another request that may have sent it overlaps the orphan on the same connection. */
function hasRivals(
  books: Books,
  record: number,
  edge: Edge,
  orphan: number,
  slackMs: number,
  aheadMs: number,
): boolean {
  const { crossings, orphans } = books;
  const at = orphans.ring.slot(orphan);
  // By our clock.
  const fromMs = orphans.startMs(at) - aheadMs - slackMs;
  const untilMs = orphans.endMs(at) - aheadMs + slackMs;
  const port = orphans.peerPort(at);
  const last = secondOf(untilMs);
  for (let second = firstSecondOf(books, fromMs); second <= last; second += 1) {
    let rival = crossings.findPort(port, second);
    for (; rival !== 0; rival = crossings.findOlderPort(port, second, rival)) {
      const slot = crossings.ring.slot(rival);
      if (crossings.edge(slot) !== edge.id) continue;
      const fits = overlaps(crossings.startMs(slot), crossings.endMs(slot), fromMs, untilMs);
      if (rival !== record && fits && mayHaveRoot(books, slot)) return true;
    }
  }
  return false;
}

/** Whether a root of another trace may be that of this request. */
export function mayHaveRoot({ crossings }: Books, slot: number): boolean {
  const state = crossings.state(slot);
  return (state !== MATCHED && state !== EXCUSED) || crossings.leftUnsampled(slot);
}
