/** The expected-child test: has the span that a request is owed arrived, and if not, is it surely missing? */
import type { Books } from "./books.ts";
import type { BreakExample } from "./break.ts";
import { countedAtMs, forwardedExample, isUnexplained } from "./books.ts";
import { BARE, DESCENDANTS, GHOST_PARENT, SAME_CONNECTION, SAME_TIME } from "./cause.ts";
import { EXCUSED, MATCHED, MISSING, UNOBSERVED, WAITING } from "./crossing-store.ts";
import type { Edge } from "./edge.ts";
import { ANSWERED, NOT_OBSERVED, answersFor, learnService, missingCounter, noteSighting } from "./edge.ts";
import { KEY_WORDS } from "./id-words.ts";
import { runEndMs } from "./in-order.ts";
import type { Join } from "./join.ts";
import { findExactJoin, findJoin } from "./join.ts";
import { hasRootOnConnection } from "./on-connection.ts";
import { compareTraits, noteConnection, wantsComparing } from "./told.ts";
import { learnPair, learnTimedPair } from "./timing-model.ts";
import { NOT_KEPT } from "./routes.ts";
import { PAIRED_BY } from "./paired.ts";
import { decideRepair } from "./repair.ts";
import { repairFactsOf } from "./repair-facts.ts";
import type { Service } from "./service.ts";
import { ORPHANS, activityOf, hasExportedPast, watermarkMs } from "./service.ts";

const key = new Uint32Array(KEY_WORDS);

/** Roots of one service in a row that came over connections of an edge, before it is taken to stand behind it. */
const SURE_AFTER = 3;

/**
 * Whether a child of the span that a request forwarded answers that request. A caller that records no CLIENT spans sends
 * several requests with one parent: there the service must be one that is known behind the edge, or at least the request
 * one that waits for a span. A request that left unsampled has no span of ours either, and its parent may be the caller's
 * for all it calls: where the services of the edge are known, only theirs count, and the spans of borders never.
 */
export function isAnswer({ crossings, edges, services }: Books, record: number, serviceId: number): boolean {
  const slot = crossings.ring.slot(record);
  const edge = edges.at(crossings.edge(slot));
  if (answersFor(edge, serviceId)) return true;
  if (crossings.state(slot) === EXCUSED) {
    if (edge.services.length > 0 || services.at(serviceId).border) return false;
  } else if (edge.services.length === 0) return true;
  crossings.readKey(record, key);
  for (let rival = crossings.findSpan(key); rival !== 0; rival = crossings.findOlderSpan(key, rival)) {
    if (crossings.edge(crossings.ring.slot(rival)) !== edge.id) return false;
  }
  return true;
}

/** The span of this request arrived: also where the request had been given up. */
export function answered(books: Books, record: number, service: Service): void {
  const { crossings, totals } = books;
  const slot = crossings.ring.slot(record);
  const edge = books.edges.at(crossings.edge(slot));
  const atMs = countedAtMs(books, slot);
  const state = crossings.state(slot);
  if (state === WAITING) {
    totals.waiting -= 1;
    edge.waiting -= 1;
  } else if (state === MISSING) {
    totals.missing -= 1;
    totals.late += 1;
    edge.tally.add(missingCounter(crossings.cause(slot)), atMs, -1);
  } else if (state === UNOBSERVED) {
    totals.unobserved -= 1;
    totals.late += 1;
    edge.tally.add(NOT_OBSERVED, atMs, -1);
  } else return;
  crossings.setState(slot, MATCHED);
  totals.matched += 1;
  edge.tally.add(ANSWERED, atMs, 1);
  learnService(edge, service);
}

/** Sets how far each service, all of them, and the services behind each edge have come. */
export function readWatermarks(books: Books, nowMs: number): void {
  books.watermarkMs = Infinity;
  for (const service of books.services.all()) {
    service.watermarkMs = watermarkMs(service, nowMs, books.settings);
    if (service.watermarkMs > -Infinity) books.watermarkMs = Math.min(books.watermarkMs, service.watermarkMs);
  }
  for (const edge of books.edges.all()) {
    if (edge.services.length === 0) {
      const { settings, services } = books;
      const service = services.find(settings.upstreamServices.get(edge.upstream) ?? edge.upstream);
      if (service !== undefined) learnService(edge, service);
    }
    let slowestMs = Infinity;
    for (const service of edge.services) {
      if (activityOf(service, nowMs, books.settings) !== "exporting") continue;
      slowestMs = Math.min(slowestMs, service.watermarkMs);
    }
    edge.watermarkMs = slowestMs === Infinity ? -Infinity : slowestMs;
  }
}

/**
 * Looks once for what a request that still waits left elsewhere: that ends its wait, and tells which service stands
 * behind the edge where neither its name nor an answer did. A shared connection may be chance, so that takes several.
 */
export function probeRequest(books: Books, record: number): void {
  const { crossings, edges } = books;
  const slot = crossings.ring.slot(record);
  if (crossings.state(slot) !== WAITING) return;
  const edge = edges.at(crossings.edge(slot));
  if (edge.services.length === 0) guessService(books, record, edge);
  const join = edge.services.length === 0 ? undefined : findExactJoin(books, record, edge);
  if (join !== undefined) settleWith(books, record, join);
}

function guessService(books: Books, record: number, edge: Edge): void {
  const join = findJoin(books, record, edge);
  const service = joinedService(books, join);
  if (service === undefined) {
    edge.guessed = 0;
    return;
  }
  edge.guessed = edge.guess === service ? edge.guessed + 1 : 1;
  edge.guess = service;
  if (join.cause !== SAME_CONNECTION || edge.guessed >= SURE_AFTER) learnService(edge, service);
}

/** Ends the wait of a request by a join that is sure, however far its services have come. */
export function settleWith(books: Books, record: number, join: Join): void {
  const edge = books.edges.at(books.crossings.edge(books.crossings.ring.slot(record)));
  markMissing(books, record, edge, join);
}

/** Ends the wait of a request whose services have come past its end. */
export function settleByWatermark(books: Books, record: number): void {
  const { crossings, edges } = books;
  const slot = crossings.ring.slot(record);
  if (crossings.state(slot) !== WAITING) return;
  const edge = edges.at(crossings.edge(slot));
  const endMs = crossings.endMs(slot);
  if (endMs >= edge.watermarkMs || isPatient(books, crossings.cause(slot), endMs)) return;
  const join = findJoin(books, record, edge);
  if (isPatient(books, join.cause, endMs)) {
    crossings.setCause(slot, join.cause);
    return;
  }
  // The roots of those that followed it on its connection tell which is its own: where nothing else did, its run was found.
  if (join.cause === BARE && runEndMs() >= edge.watermarkMs) return;
  markMissing(books, record, edge, join);
}

/**
 * Whether what was found rests on spans of others that are missing too, and may still come: the parent of a ghost's child
 * while anyone may export it, and the span below which a service did what is there.
 */
function isPatient(books: Books, cause: number, endMs: number): boolean {
  return cause === DESCENDANTS || (cause === GHOST_PARENT && endMs >= books.watermarkMs);
}

/** Ends the wait of a request after the longest time: missing where its services went on exporting, else not observed. */
export function settleByAge(books: Books, record: number): void {
  const { crossings, edges, totals } = books;
  const slot = crossings.ring.slot(record);
  const edge = edges.at(crossings.edge(slot));
  if (isUnexplained(books, slot)) {
    explainAgain(books, record, edge, findJoin(books, record, edge));
    if (crossings.cause(slot) === BARE) edge.undecided.push(record);
    return;
  }
  if (crossings.state(slot) !== WAITING) return;
  const endMs = crossings.endMs(slot);
  if (edge.services.some((service) => hasExportedPast(service, endMs))) {
    markMissing(books, record, edge, findJoin(books, record, edge));
    if (crossings.cause(slot) === BARE) edge.undecided.push(record);
    return;
  }
  crossings.setState(slot, UNOBSERVED);
  totals.waiting -= 1;
  totals.unobserved += 1;
  edge.waiting -= 1;
  edge.tally.add(NOT_OBSERVED, countedAtMs(books, slot), 1);
}

/** A joined orphan is explained: it is no longer counted among those that are not. */
export function markJoined({ orphans, services }: Books, record: number): void {
  const slot = orphans.ring.slot(record);
  if (orphans.isJoined(slot)) return;
  orphans.setJoined(slot);
  services.at(orphans.service(slot)).tally.add(ORPHANS, orphans.endMs(slot), -1);
}

function markMissing(books: Books, record: number, edge: Edge, join: Join): void {
  const { crossings, totals } = books;
  crossings.setState(crossings.ring.slot(record), MISSING);
  totals.waiting -= 1;
  totals.missing += 1;
  edge.waiting -= 1;
  if (wantsComparing(edge)) compareRoot(books, record, edge, join);
  conclude(books, record, edge, join);
}

/** Where no root is known to be the request's, its own would be the one that came from its port. */
function compareRoot(books: Books, record: number, edge: Edge, join: Join): void {
  const { crossings, orphans } = books;
  const slot = crossings.ring.slot(record);
  if (join.orphan !== 0) {
    compareTraits(edge, crossings.traits(slot), orphans.traits(orphans.ring.slot(join.orphan)));
  } else if (
    join.cause === BARE &&
    crossings.localPort(slot) !== 0 &&
    edge.services.some(({ tellsPorts }) => tellsPorts)
  ) {
    noteConnection(edge, hasRootOnConnection(books, record, edge));
  }
}

/** Puts what is known by now in the place of no known cause. */
export function explainAgain(books: Books, record: number, edge: Edge, join: Join): void {
  edge.tally.add(missingCounter(BARE), countedAtMs(books, books.crossings.ring.slot(record)), -1);
  conclude(books, record, edge, join);
}

function conclude(books: Books, record: number, edge: Edge, join: Join): void {
  const { crossings } = books;
  const slot = crossings.ring.slot(record);
  const atMs = countedAtMs(books, slot);
  crossings.setCause(slot, join.cause);
  if (join.form !== undefined) edge.form = join.form;
  edge.tally.add(missingCounter(join.cause), atMs, 1);
  noteSighting(edge, join.cause, atMs, () => exampleOf(books, record, join));
  if (join.cause !== BARE) noteFacets(books, record, sourceOf(books, join), true);
  if (join.orphan !== 0) tellPair(books, record, join);
  const { repair, moveTraces, decided, now } = books.settings;
  if (decided !== undefined && (repair !== "off" || moveTraces !== "off")) {
    const decision = decideRepair(repairFactsOf(books, record, edge, join, now()), { repair, moveTraces });
    if (decision !== undefined) books.decisions.push(decision);
  }
  if (join.orphan !== 0) {
    markJoined(books, join.orphan);
    learnTimes(books, slot, edge, join);
  }
  const service = joinedService(books, join);
  if (service !== undefined) learnService(edge, service);
}

/** Notes what a request that was answered, or of which it is known how it broke, has in common with others. */
export function noteFacets(
  { crossings, edges, sources }: Books,
  record: number,
  source: number,
  broken: boolean,
): void {
  const slot = crossings.ring.slot(record);
  const route = crossings.route(slot);
  if (route === NOT_KEPT || crossings.state(slot) === EXCUSED) return;
  const { facets, routes } = edges.at(crossings.edge(slot));
  facets.note("route", routes.name(route), broken);
  const { version = "", pod = "" } = sources.at(source) ?? {};
  facets.note("version", version, broken);
  facets.note("pod", pod, broken);
}

function sourceOf({ orphans, spans }: Books, { orphan, span }: Join): number {
  if (orphan !== 0) return orphans.source(orphans.ring.slot(orphan));
  return span === 0 ? 0 : spans.source(spans.ring.slot(span));
}

function tellPair(books: Books, record: number, { cause, orphan, confidence }: Join): void {
  const { settings, crossings, orphans, pairs } = books;
  if (settings.paired === undefined) return;
  pairs.push({
    forwarded: { traceId: crossings.traceId(record), spanId: crossings.spanId(record) },
    root: { traceId: orphans.traceId(orphan), spanId: orphans.spanId(orphan) },
    by: PAIRED_BY[cause] ?? "time",
    confidence,
  });
}

/** Pairs that were joined teach how spans of this edge lie in time; those that were joined by it only where it drifts. */
function learnTimes({ crossings, orphans }: Books, slot: number, edge: Edge, join: Join): void {
  const at = orphans.ring.slot(join.orphan);
  const startMs = orphans.startMs(at) - crossings.startMs(slot);
  const endMs = crossings.endMs(slot) - orphans.endMs(at);
  const spanMs = orphans.endMs(at) - orphans.startMs(at);
  if (join.cause === SAME_TIME) {
    learnTimedPair(edge.timing, join.confidence, startMs, endMs, spanMs);
    return;
  }
  learnPair(edge.timing, startMs, endMs, spanMs);
}

function joinedService({ orphans, spans, services }: Books, { orphan, span }: Join): Service | undefined {
  if (orphan !== 0) return services.at(orphans.service(orphans.ring.slot(orphan)));
  return span === 0 ? undefined : services.at(spans.service(spans.ring.slot(span)));
}

function exampleOf(books: Books, record: number, { orphan }: Join): BreakExample {
  const example = forwardedExample(books, record);
  return orphan === 0 ? example : { ...example, otherTraceId: books.orphans.traceId(orphan) };
}
