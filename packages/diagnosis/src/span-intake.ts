/** Takes from one span what the diagnosis needs: an answer to a request, an orphan, a trace of work, a sign of life. */
import type { Batch, SpanView } from "@tracemend/otlp";
import { SpanRun } from "@tracemend/otlp";
import type { Books } from "./books.ts";
import { noteChild } from "./child.ts";
import { enterClientCall } from "./client-call.ts";
import { MOST_FETCHED } from "./crossing-store.ts";
import { hashText } from "./hash.ts";
import {
  KEY_WORDS,
  LOWER_HALF_AT,
  LOWER_HALF_WORDS,
  TRACE_WORDS,
  readSpanId,
  readTraceId,
  sameWords,
} from "./id-words.ts";
import type { OrphanEntry } from "./orphan-store.ts";
import type { Source } from "./read-source.ts";
import { createSourceReader } from "./read-source.ts";
import { readRoot } from "./root-facts.ts";
import { compareTraits, wantsComparing } from "./told.ts";
import type { Service } from "./service.ts";
import {
  CLIENT_ROOTS,
  CROWDED_TRACES,
  FLICKERING_TRACES,
  FORGOTTEN_ORPHANS,
  LEGITIMATE_ROOTS,
  ORPHANS,
  ROOTS,
  WORKED_TRACES,
  noteArrival,
} from "./service.ts";
import { answered, isAnswer, noteFacets } from "./settle.ts";
import { settleByForm } from "./settle-early.ts";
import { ENTRY, LOCAL } from "./span-store.ts";

const INTERNAL = 1;
const SERVER = 2;
const CLIENT = 3;
const CONSUMER = 5;
/** OTLP span flags: bit 8, it is known whether the parent is remote; bit 9, it is. Older producers leave both 0. */
const REMOTE_PARENT = 0x300;

/** What the Instrumentation Score allows of a service in one trace: internal spans, and short ones (SPA-001, SPA-005). */
const MOST_INTERNAL = 10;
const MOST_SHORT = 20;
const SHORT_MS = 5;

/** Words of a span's ids, as a view writes them. */
const ID_WORDS = 8;
const OWN_AT: number = TRACE_WORDS;
const PARENT_AT: number = KEY_WORDS;

/** Each calls for what lies in two places at most. */
const RUN_SPANS: number = MOST_FETCHED / 2;

/** Those of the span at hand. */
const ids = new Uint32Array(ID_WORDS);
const linkWords = new Uint32Array(KEY_WORDS);
const orphan: OrphanEntry = { service: 0, source: 0, startMs: 0, endMs: 0, peerPort: 0, path: 0, outcome: 0 };

/** Enters the spans of a batch. */
export type SpanIntake = (batch: Batch, nowMs: number) => void;

export function createSpanIntake(books: Books): SpanIntake {
  const readSource = createSourceReader(books);
  const run = new SpanRun(RUN_SPANS);
  const runIds = new Uint32Array(RUN_SPANS * ID_WORDS);
  const repeated = new Uint8Array(RUN_SPANS);
  const places = new Int32Array(MOST_FETCHED);
  const fetched = new Uint32Array(1);
  const views: SpanView[] = [];
  let arrivalMs = 0;
  let turn = 0;
  let source: Source | undefined;
  /** How many of the run's spans have ids; theirs and their views are what comes first. */
  const readIds = (): number => {
    let count = 0;
    for (let at = 0; at < run.count; at += 1) {
      const span = run.at(at);
      if (!span.ids(runIds, count * ID_WORDS)) continue;
      views[count] = span;
      count += 1;
    }
    return count;
  };
  /** Fetches the requests that these spans may belong to, what stands for others of their trace, and roots like them. */
  const fetch = (count: number): void => {
    let wanted = 0;
    let lastTrace = -1;
    for (let at = 0; at < count; at += 1) {
      const kind = (views[at] as SpanView).kind();
      const span = at * ID_WORDS;
      if (kind !== CLIENT && isRoot(runIds, span)) fetched[0] = books.orphans.touchTrace(runIds, span);
      else if (kind !== INTERNAL) {
        places[wanted] = span + (kind === CLIENT ? OWN_AT : PARENT_AT);
        wanted += 1;
      }
      if (kind !== INTERNAL && kind !== CLIENT) continue;
      const trace = span + LOWER_HALF_AT;
      // Spans of one trace come together.
      if (lastTrace >= 0 && sameWords(runIds, trace, runIds, lastTrace, LOWER_HALF_WORDS)) continue;
      lastTrace = trace;
      places[wanted] = trace;
      wanted += 1;
    }
    books.crossings.fetch(runIds, places, wanted);
  };
  const enterRun = (): void => {
    const count = readIds();
    books.totals.malformedSpans += run.count - count;
    books.totals.spans += count;
    if (count === 0) return;
    if (run.turn !== turn) {
      turn = run.turn;
      source = readSource(views[0] as SpanView);
    }
    books.seen.add(runIds, ID_WORDS, count, arrivalMs, repeated);
    if (source === undefined) {
      const name = run.at(0).resourceAttribute("service.name");
      if (typeof name !== "string" || name === "") books.totals.unnamedSpans += count;
      return;
    }
    fetch(count);
    for (let at = 0; at < count; at += 1) {
      for (let word = 0; word < ID_WORDS; word += 1) ids[word] = runIds[at * ID_WORDS + word] as number;
      enterSpan(books, views[at] as SpanView, source, arrivalMs, repeated[at] === 1);
    }
  };
  return (batch, nowMs) => {
    arrivalMs = nowMs;
    run.each(batch, enterRun);
  };
}

function enterSpan(
  books: Books,
  span: SpanView,
  { service, instance }: Source,
  nowMs: number,
  repeated: boolean,
): void {
  const endMs = span.endMs();
  noteArrival(service, instance, endMs, nowMs);
  const kind = span.kind();
  if (kind === CLIENT) enterClientCall(books, span, ids, service, endMs, nowMs);
  if (isRoot(ids, 0)) {
    service.tally.add(ROOTS, endMs, 1);
    if (kind === CLIENT) service.tally.add(CLIENT_ROOTS, endMs, 1);
    if (kind === SERVER) enterRoot(books, span, service, instance.source, endMs, nowMs);
    return;
  }
  if (!repeated) books.parentChecks.add(ids, service.id, nowMs);
  const parent = span.flags() & REMOTE_PARENT;
  if (parent === REMOTE_PARENT || (parent === 0 && (kind === SERVER || kind === CONSUMER))) {
    enterChild(books, span, service, instance.source, endMs, repeated);
  } else enterLocal(books, service, kind === INTERNAL, endMs - span.startMs() < SHORT_MS, endMs);
}

/** Whether the span whose ids stand there has no parent. */
function isRoot(words: Uint32Array, at: number): boolean {
  return words[at + PARENT_AT] === 0 && words[at + PARENT_AT + 1] === 0;
}

/** `repeated`: it was probably delivered before; then its times have been looked at. */
function enterChild(
  books: Books,
  span: SpanView,
  service: Service,
  source: number,
  endMs: number,
  repeated: boolean,
): void {
  const { spans, crossings } = books;
  const { scratch } = spans;
  copyTrace(scratch);
  scratch[4] = ids[6] as number;
  scratch[5] = ids[7] as number;
  const startMs = span.startMs();
  let taken = false;
  const newest = crossings.findSpan(scratch);
  for (let record = newest; record !== 0; record = crossings.findOlderSpan(scratch, record)) {
    if (!isAnswer(books, record, service.id)) continue;
    taken = true;
    answered(books, record, service);
    if (repeated) continue;
    noteChild(books, record, service, startMs, endMs);
    noteFacets(books, record, source, false);
    const edge = books.edges.at(crossings.edge(crossings.ring.slot(record)));
    if (!wantsComparing(edge)) continue;
    const { path, outcome, peerPort: port } = readRoot(span);
    compareTraits(edge, crossings.traits(crossings.ring.slot(record)), { path, outcome, port });
    if (port !== 0) service.tellsPorts = true;
  }
  if (taken) return;
  // The request that it answers may still be open.
  scratch[6] = ids[4] as number;
  scratch[7] = ids[5] as number;
  if (spans.holds()) return;
  spans.add(ENTRY, service.id, source, startMs, endMs);
  const foreign = newest === 0 ? crossings.findForeignSpan(scratch) : 0;
  if (foreign !== 0) settleByForm(books, foreign);
}

/** One record stands for all local spans of a service in a trace. */
function enterLocal(books: Books, service: Service, isInternal: boolean, isShort: boolean, atMs: number): void {
  const { spans } = books;
  const slot = localSlot(books, service, atMs);
  if (isInternal && spans.countInternal(slot, MOST_INTERNAL + 1) > MOST_INTERNAL) {
    service.tally.add(CROWDED_TRACES, atMs, 1);
  }
  if (isShort && spans.countShort(slot, MOST_SHORT + 1) > MOST_SHORT) service.tally.add(FLICKERING_TRACES, atMs, 1);
}

function localSlot({ spans }: Books, service: Service, atMs: number): number {
  const held = spans.findLocal(ids, service.id);
  if (held >= 0) return held;
  const { scratch } = spans;
  copyTrace(scratch);
  for (let word = 4; word < scratch.length; word += 1) scratch[word] = 0;
  service.tally.add(WORKED_TRACES, atMs, 1);
  return spans.add(LOCAL, service.id, 0, 0, 0);
}

function copyTrace(into: Uint32Array): void {
  for (let word = 0; word < 4; word += 1) into[word] = ids[word] as number;
}

function enterRoot(books: Books, span: SpanView, service: Service, source: number, endMs: number, nowMs: number): void {
  const { orphans } = books;
  const { scratch } = orphans;
  const atMs = Math.min(endMs, nowMs);
  if (isHeld(books)) return;
  // A trace that began at one of our borders has our own SERVER span as its root.
  const root = readRoot(span);
  if (books.crossings.findStarted(ids) !== 0 || root.legitimate) {
    service.tally.add(LEGITIMATE_ROOTS, atMs, 1);
    return;
  }
  for (let word = 0; word < scratch.length; word += 1) scratch[word] = word < KEY_WORDS ? (ids[word] as number) : 0;
  const link = span.links()[0];
  const linked = link !== undefined && readTraceId(link.traceId, linkWords) && readSpanId(link.spanId, linkWords, 4);
  if (root.requestId !== "") hashText(root.requestId, scratch, KEY_WORDS);
  orphan.service = service.id;
  orphan.source = source;
  orphan.startMs = span.startMs();
  orphan.endMs = endMs;
  orphan.peerPort = root.peerPort;
  if (root.peerPort !== 0) service.tellsPorts = true;
  orphan.path = root.path;
  orphan.outcome = root.outcome;
  countEvicted(books, nowMs);
  const record = orphans.add(orphan);
  // A root that links to another trace was begun anew on purpose; it counts only once its link is one of ours.
  if (linked) {
    orphans.link(record, linkWords);
    orphans.setJoined(orphans.ring.slot(record));
    service.tally.add(LEGITIMATE_ROOTS, atMs, 1);
  } else service.tally.add(ORPHANS, atMs, 1);
}

/** An exporter that retries may deliver a span twice. */
function isHeld({ orphans }: Books): boolean {
  const held = orphans.findTrace(ids);
  if (held === 0) return false;
  orphans.readKey(held, linkWords);
  return sameWords(linkWords, 0, ids, 0, KEY_WORDS);
}

/** An orphan that is overwritten so young may be the one that a request still waits for. */
function countEvicted({ orphans, services, totals, settings }: Books, nowMs: number): void {
  const { ring } = orphans;
  if (ring.newest() < ring.capacity) return;
  const slot = ring.slot(ring.oldest());
  const endedMs = orphans.endMs(slot);
  if (orphans.isJoined(slot) || nowMs - endedMs >= settings.hardWaitMs) return;
  totals.evictedOrphans += 1;
  services.at(orphans.service(slot)).tally.add(FORGOTTEN_ORPHANS, endedMs, 1);
}
