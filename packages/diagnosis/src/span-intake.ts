/** Takes from one span what the diagnosis needs: an answer to a request, an orphan, a trace of work, a sign of life. */
import type { SpanView } from "@tracemend/otlp";
import type { Books } from "./books.ts";
import { noteChild } from "./child.ts";
import { STARTED_BIT } from "./crossing-store.ts";
import { hashText } from "./hash.ts";
import { KEY_WORDS, readSpanId, readTraceId } from "./id-words.ts";
import { isLegitimateRoot } from "./legit-root.ts";
import type { OrphanEntry } from "./orphan-store.ts";
import { ORPHAN_SCRATCH } from "./orphan-store.ts";
import { peerPortOf, requestIdOf } from "./root-facts.ts";
import type { Service } from "./service.ts";
import { LEGITIMATE_ROOTS, ORPHANS, noteArrival } from "./service.ts";
import { answered } from "./settle.ts";
import { ENTRY, LOCAL } from "./span-store.ts";

const SERVER = 2;
const CONSUMER = 5;
/** OTLP span flags: bit 8, it is known whether the parent is remote; bit 9, it is. Older producers leave both 0. */
const REMOTE_PARENT = 0x300;

/** Trace id and span id of the span at hand. */
const own = new Uint32Array(KEY_WORDS);
const linkWords = new Uint32Array(KEY_WORDS);
const orphan: OrphanEntry = { service: 0, startMs: 0, endMs: 0, peerPort: 0 };

export function enterSpan(books: Books, span: SpanView, nowMs: number): void {
  if (!readTraceId(span.traceId(), own) || !readSpanId(span.spanId(), own, 4)) {
    books.totals.malformedSpans += 1;
    return;
  }
  books.totals.spans += 1;
  books.seen.add(own, nowMs);
  const service = serviceOf(books, span);
  if (service === undefined) return;
  const endMs = toMs(span.endUnixNano());
  noteArrival(service, textOf(span.resourceAttribute("service.instance.id")), endMs, nowMs);
  const parentId = span.parentSpanId();
  if (parentId === "") {
    if (span.kind() === SERVER) enterRoot(books, span, service, endMs, nowMs);
    return;
  }
  const { scratch } = books.spans;
  scratch.set(own.subarray(0, 4));
  if (!readSpanId(parentId, scratch, 4)) {
    books.totals.malformedSpans += 1;
    return;
  }
  const kind = span.kind();
  const parent = span.flags() & REMOTE_PARENT;
  if (parent === REMOTE_PARENT || (parent === 0 && (kind === SERVER || kind === CONSUMER))) {
    enterChild(books, span, service, endMs);
  } else enterLocal(books, service);
}

function serviceOf(books: Books, span: SpanView): Service | undefined {
  const name = textOf(span.resourceAttribute("service.name"));
  const service = name === "" ? undefined : books.services.open(name);
  if (service !== undefined && service.language === "") {
    service.language = textOf(span.resourceAttribute("telemetry.sdk.language"));
  }
  return service;
}

function enterChild(books: Books, span: SpanView, service: Service, endMs: number): void {
  const { spans, crossings } = books;
  spans.scratch.set(own.subarray(4), KEY_WORDS);
  const startMs = toMs(span.startUnixNano());
  spans.add(ENTRY, service.id, startMs, endMs);
  let record = crossings.findSpan(spans.scratch);
  while (record !== 0) {
    answered(books, record, service);
    noteChild(books, record, startMs, endMs);
    record = crossings.findOlderSpan(spans.scratch, record);
  }
}

/** One record stands for all local spans of a service in a trace. */
function enterLocal(books: Books, service: Service): void {
  const { spans } = books;
  const { ring, role, service: services, scratch } = spans;
  let record = spans.findTrace(scratch);
  while (record !== 0) {
    const slot = ring.slot(record);
    if (role[slot] === LOCAL && services[slot] === service.id) return;
    record = spans.findOlderTrace(scratch, record);
  }
  scratch.fill(0, 4);
  spans.add(LOCAL, service.id, 0, 0);
}

function enterRoot(books: Books, span: SpanView, service: Service, endMs: number, nowMs: number): void {
  const { orphans } = books;
  const { scratch } = orphans;
  const atMs = Math.min(endMs, nowMs);
  if (isLegitimateRoot(span) || beganHere(books)) {
    service.tally.add(LEGITIMATE_ROOTS, atMs, 1);
    return;
  }
  scratch.fill(0);
  scratch.set(own);
  const link = span.links()[0];
  const linked = link !== undefined && readTraceId(link.traceId, linkWords) && readSpanId(link.spanId, linkWords, 4);
  if (linked) scratch.set(linkWords, ORPHAN_SCRATCH.link);
  const requestId = requestIdOf(span);
  if (requestId !== undefined) hashText(requestId, scratch, ORPHAN_SCRATCH.requestId);
  orphan.service = service.id;
  orphan.startMs = toMs(span.startUnixNano());
  orphan.endMs = endMs;
  orphan.peerPort = peerPortOf(span);
  const record = orphans.add(orphan);
  // A root that links to another trace was begun anew on purpose; it counts only once its link is one of ours.
  if (linked) {
    orphans.joined[orphans.ring.slot(record)] = 1;
    service.tally.add(LEGITIMATE_ROOTS, atMs, 1);
  } else service.tally.add(ORPHANS, atMs, 1);
}

/** Whether the trace at hand began at one of our borders: then its root is our own SERVER span. */
function beganHere({ crossings }: Books): boolean {
  let record = crossings.findTrace(own);
  while (record !== 0) {
    if (((crossings.bits[crossings.ring.slot(record)] as number) & STARTED_BIT) !== 0) return true;
    record = crossings.findOlderTrace(own, record);
  }
  return false;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function toMs(nanos: bigint): number {
  return Number(nanos) / 1e6;
}
