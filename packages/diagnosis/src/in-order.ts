/** Requests that followed one another closely on one connection: their roots came over it in the same order. */
import type { Books } from "./books.ts";
import type { Edge } from "./edge.ts";
import { mayAnswerFor } from "./edge.ts";
import { SKEW_MS } from "./interval.ts";
import type { Join } from "./join.ts";
import { joinOnConnection, mayHaveRoot } from "./on-connection.ts";
import { portsMislead } from "./told.ts";
import { secondOf } from "./ring.ts";
import { SLACK_MS } from "./timed.ts";
import { offsetMs } from "./timing-model.ts";

/** What lies so far apart keeps its order by clocks that differ. */
const QUIET_MS: number = 2 * SKEW_MS;

/** So far from a request it is looked for others of its run, which has so many at least and at most. */
const REACH_MS = 10_000;
const LEAST = 3;
const MOST = 256;

/** So many records of others may be looked at in passing. */
const LONGEST_WALK: number = 2 * MOST;

/** The slots of the requests on the connection, the oldest first, and where the run of the one at hand is among them. */
const requests: number[] = [];
let first = 0;
let own = 0;
let last = 0;

/** When its last request ended; -Infinity where there is no run. */
let endedMs = -Infinity;

/** The records of the run's roots, the oldest first. */
const roots: number[] = [];

/**
 * The root in the same place of the run as the request, where there are as many roots as requests and under some shift of
 * the clock each begins within its request: none is another's, but for two faults at once that make up for one another.
 * Asked for while no known pairs tell how far the clocks differ.
 */
export function inOrderOnConnection(books: Books, record: number, edge: Edge): Join | undefined {
  const { crossings, orphans } = books;
  const isRun = findRun(books, record, edge);
  endedMs = isRun ? crossings.endMs(requests[last] as number) : -Infinity;
  if (!isRun) return undefined;
  const count = last - first + 1;
  findRoots(books, edge);
  if (roots.length !== count) return undefined;
  let leastMs = -SKEW_MS;
  let mostMs = SKEW_MS;
  for (let at = 0; at < count; at += 1) {
    const slot = requests[first + at] as number;
    const startMs = orphans.startMs(orphans.ring.slot(roots[at] as number));
    leastMs = Math.max(leastMs, startMs - crossings.endMs(slot) - SLACK_MS);
    mostMs = Math.min(mostMs, startMs - crossings.startMs(slot) + SLACK_MS);
  }
  const orphan = roots[own - first] as number;
  if (leastMs > mostMs || orphans.isJoined(orphans.ring.slot(orphan))) return undefined;
  return joinOnConnection(orphan);
}

/** Of the request that was asked for last, when the last one of its run ended; -Infinity where it is in none. */
export function runEndMs(): number {
  return endedMs;
}

/** Finds the requests that may have roots and lie between two silences; none where one was sent before another had ended. */
function findRun(books: Books, record: number, edge: Edge): boolean {
  const { crossings } = books;
  const slot = crossings.ring.slot(record);
  const port = crossings.localPort(slot);
  if (port === 0 || offsetMs(edge.timing) !== undefined || portsMislead(edge)) return false;
  const fromMs = crossings.startMs(slot) - REACH_MS;
  const untilMs = crossings.endMs(slot) + REACH_MS;
  if (!collectRequests(books, edge, port, fromMs, untilMs)) return false;
  requests.sort((a, b) => crossings.startMs(a) - crossings.startMs(b));
  const startMs = (at: number): number => crossings.startMs(requests[at] as number);
  const endMs = (at: number): number => crossings.endMs(requests[at] as number);
  first = own = last = requests.indexOf(slot);
  if (own < 0) return false;
  while (first > 0 && startMs(first) - endMs(first - 1) < QUIET_MS) {
    first -= 1;
    if (endMs(first) > startMs(first + 1) + SLACK_MS) return false;
  }
  while (last < requests.length - 1 && startMs(last + 1) - endMs(last) < QUIET_MS) {
    last += 1;
    if (endMs(last - 1) > startMs(last) + SLACK_MS) return false;
  }
  const isWhole = startMs(first) - QUIET_MS > fromMs && endMs(last) + QUIET_MS < untilMs;
  return isWhole && last - first + 1 >= LEAST;
}

/** False where they are too many. */
function collectRequests(books: Books, edge: Edge, port: number, fromMs: number, untilMs: number): boolean {
  const { crossings } = books;
  requests.length = 0;
  for (let second = secondOf(fromMs); second <= secondOf(untilMs); second += 1) {
    let record = crossings.findPort(port, second);
    for (; record !== 0; record = crossings.findOlderPort(port, second, record, LONGEST_WALK)) {
      const slot = crossings.ring.slot(record);
      if (crossings.edge(slot) !== edge.id || !mayHaveRoot(books, slot)) continue;
      if (requests.push(slot) > MOST) return false;
    }
  }
  return true;
}

/** Finds the roots that began in the run, by clocks that differ: joined ones too. */
function findRoots({ crossings, orphans }: Books, edge: Edge): void {
  roots.length = 0;
  const port = crossings.localPort(requests[own] as number);
  const fromMs = crossings.startMs(requests[first] as number) - SKEW_MS;
  const untilMs = crossings.endMs(requests[last] as number) + SKEW_MS;
  for (let second = secondOf(fromMs); second <= secondOf(untilMs); second += 1) {
    let orphan = orphans.findPort(port, second);
    for (; orphan !== 0; orphan = orphans.findOlderPort(port, second, orphan, LONGEST_WALK)) {
      const slot = orphans.ring.slot(orphan);
      const startMs = orphans.startMs(slot);
      if (startMs < fromMs || startMs > untilMs || !mayAnswerFor(edge, orphans.service(slot))) continue;
      if (roots.push(orphan) > MOST) return;
    }
  }
  roots.sort((a, b) => orphans.startMs(orphans.ring.slot(a)) - orphans.startMs(orphans.ring.slot(b)));
}
