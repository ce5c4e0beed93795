/** Takes from one span what the diagnosis needs: an answer to a request, an orphan, a trace of work, a sign of life. */
import type { SpanView } from "@tracemend/otlp";
import type { Books } from "./books.ts";
import { noteChild } from "./child.ts";
import { enterClientCall } from "./client-call.ts";
import { hashText } from "./hash.ts";
import { KEY_WORDS, readSpanId, readTraceId, sameWords } from "./id-words.ts";
import { isLegitimateRoot } from "./legit-root.ts";
import type { OrphanEntry } from "./orphan-store.ts";
import { ORPHAN_SCRATCH } from "./orphan-store.ts";
import { peerPortOf, requestIdOf } from "./root-facts.ts";
import type { Service } from "./service.ts";
import { LEGITIMATE_ROOTS, ORPHANS, noteArrival } from "./service.ts";
import { answered } from "./settle.ts";
import { settleByTruncated } from "./settle-early.ts";
import { ENTRY, LOCAL } from "./span-store.ts";

const SERVER = 2;
const CLIENT = 3;
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
  noteArrival(service, instanceOf(span), endMs, nowMs);
  const kind = span.kind();
  if (kind === CLIENT) {
    enterClientCall(books, span, own, service, { startMs: toMs(span.startUnixNano()), endMs, nowMs });
  }
  const parentId = span.parentSpanId();
  if (parentId === "") {
    if (kind === SERVER) enterRoot(books, span, service, endMs, nowMs);
    return;
  }
  const { scratch } = books.spans;
  scratch.set(own.subarray(0, 4));
  if (!readSpanId(parentId, scratch, 4)) {
    books.totals.malformedSpans += 1;
    return;
  }
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
  if (spans.holds()) return;
  const startMs = toMs(span.startUnixNano());
  spans.add(ENTRY, service.id, startMs, endMs);
  let record = crossings.findSpan(spans.scratch);
  while (record !== 0) {
    answered(books, record, service);
    noteChild(books, record, startMs, endMs);
    record = crossings.findOlderSpan(spans.scratch, record);
  }
  if (own[0] === 0 && own[1] === 0) settleByTruncated(books, spans.ring.newest());
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
  if (isHeld(books)) return;
  // A trace that began at one of our borders has our own SERVER span as its root.
  if (books.crossings.findStarted(own) !== 0 || isLegitimateRoot(span)) {
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
  countEvicted(books, nowMs);
  const record = orphans.add(orphan);
  // A root that links to another trace was begun anew on purpose; it counts only once its link is one of ours.
  if (linked) {
    orphans.joined[orphans.ring.slot(record)] = 1;
    service.tally.add(LEGITIMATE_ROOTS, atMs, 1);
  } else service.tally.add(ORPHANS, atMs, 1);
}

/** An exporter that retries may deliver a span twice. */
function isHeld({ orphans }: Books): boolean {
  const held = orphans.findTrace(own);
  if (held === 0) return false;
  orphans.readKey(held, linkWords);
  return sameWords(linkWords, 0, own, 0, KEY_WORDS);
}

/** An orphan that is overwritten so young may be the one that a request still waits for. */
function countEvicted({ orphans, totals, settings }: Books, nowMs: number): void {
  const { ring, joined, endMs } = orphans;
  if (ring.newest() < ring.capacity) return;
  const slot = ring.slot(ring.oldest());
  if (joined[slot] === 0 && nowMs - (endMs[slot] as number) < settings.hardWaitMs) totals.evictedOrphans += 1;
}

/** What tells the processes of a service apart, the surest first. */
const INSTANCE_KEYS: readonly string[] = ["service.instance.id", "k8s.pod.name", "host.name"];

function instanceOf(span: SpanView): string {
  for (const key of INSTANCE_KEYS) {
    const id = textOf(span.resourceAttribute(key));
    if (id !== "") return id;
  }
  return "";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function toMs(nanos: bigint): number {
  return Number(nanos) / 1e6;
}
