// What the diagnosis costs for each crossing and each span, with few and with many traces in flight: proven right first,
// then timed in one run. `node --expose-gc test/bench/diagnosis.ts [row]`; CPU time of this process. The bench's own
// garbage is collected before the clock starts, so that the means hold the garbage of the diagnosis and no other. Beside
// each batch stands what reading the same bytes with protobufjs takes, moments later: machines, and what else they do,
// change the times by far more than the ratios.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { cross, defineBoundary } from "@tracemend/context";
import type { Crossing } from "@tracemend/context";
import { createDiagnosis } from "@tracemend/diagnosis";
import type { Diagnosis } from "@tracemend/diagnosis";
import type { Batch, SpanRecord } from "@tracemend/otlp";
import { encodeSpans, readBatch } from "@tracemend/otlp";
import { reference } from "./otlp/reference.ts";
import { NO_TRIES } from "../../packages/proxy/src/passed.ts";
import { spansOf } from "../../packages/tracemend/src/span-records.ts";

const START_MS = 1_800_000_000_000;

/** How long after its request a span arrives: what in-flight counts and rates are tied by. */
const DELAY_MS = 5_000;

/** The program lets the diagnosis settle what is due once a second. */
const TICK_MS = 1_000;

/** Requests between two looks at the clock of the process, as many as end in a few turns of the event loop. */
const CHUNK = 100;
const SPANS_PER_BATCH = 100;

/** Requests whose own spans leave together: those that end within a moment. */
const TOGETHER = 25;

/** Chunks between two collections of the bench's own garbage. */
const COLLECT_EVERY = 5;

const boundary = defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" });

const words = Buffer.alloc(16);

/** Spread over all words, never twice the same, and a flat text as a parser cuts one out of the bytes. */
function hex(count: number, salt: number, digits: 16 | 32): string {
  for (let at = 0; at < digits / 2; at += 4) {
    const mixed = Math.imul(count + 1, 0x9e3779b1) ^ Math.imul(salt + at + 1, 0x85ebca6b);
    words.writeInt32LE(Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d), at);
  }
  return words.toString("hex", 0, digits / 2);
}

const flat = (text: string): string => Buffer.from(text, "latin1").toString("latin1");

const portOf = (count: number): number => 32_768 + (count % 512);

function crossingAt(count: number, endMs: number, shape: Shape): Crossing {
  const lines = ["traceparent", flat(`00-${hex(count, 1, 32)}-${hex(count, 2, 16)}-01`)];
  const granted = { traceId: "", serverSpanId: hex(count, 3, 16), clientSpanId: hex(count, 4, 16) };
  const { reading, verdict, spans } = cross(boundary, lines, () => granted);
  return {
    boundary: "edge",
    side: "ingress",
    cluster: "eu-1",
    reading,
    verdict,
    spans,
    startMs: endMs - 20,
    endMs,
    protocol: "http/1.1",
    scheme: "http",
    method: "GET",
    path: "/api/cart/items",
    authority: "shop.example",
    userAgent: "Mozilla/5.0 (X11; Linux x86_64)",
    requestId: hex(count, 5, 32),
    downstream: { address: "10.0.0.9", port: 40_000 },
    upstream: {
      name: "shop",
      address: "10.1.0.2",
      port: 8080,
      localPort: shape === "roots by time" ? undefined : portOf(count),
    },
    status: 200,
    grpcStatus: undefined,
    failure: undefined,
  };
}

/**
 * `program`: the border's own spans pass by as well, right after their crossings. `roots by time`: nothing but their times
 * joins them, which the first requests, all answered, have taught.
 */
type Shape = "answers" | "answers and local spans" | "roots" | "roots by time" | "program";

const TAUGHT = 5_000;

const RESOURCE = {
  "service.name": "shop",
  "service.version": "1.4.2",
  "k8s.pod.name": "shop-7d4b9c-x2x9q",
  "service.instance.id": "8f0c1c1e-7c3b-4d0c-9f0e-1d8f3c9a7b21",
  "telemetry.sdk.language": "nodejs",
};

const HTTP = {
  "http.request.method": "GET",
  "url.path": "/api/cart/items",
  "url.scheme": "http",
  "http.route": "/api/cart",
  "server.address": "shop.example",
  "server.port": 8080,
  "network.protocol.version": "1.1",
  "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
  "http.response.status_code": 200,
};

function spansFor(count: number, requestEndMs: number, shape: Shape): SpanRecord[] {
  const traceId = hex(count, 1, 32);
  const parentId = hex(count, 4, 16);
  const times = { startMs: requestEndMs - 19, endMs: requestEndMs - 1 };
  const spanId = hex(count, 6, 16);
  const attributes = { ...HTTP, "network.peer.address": "10.0.0.2", "network.peer.port": portOf(count) };
  const server = { spanId, name: "GET /api/cart", kind: "server" as const, ...times, attributes };
  if (shape === "roots") return [{ ...server, traceId: hex(count, 7, 32) }];
  if (shape === "roots by time") {
    const startMs = requestEndMs - 18 + (words.readUInt16LE(0) % 400) / 100;
    const short = { ...server, startMs, endMs: startMs + 1 + (words.readUInt16LE(2) % 100) / 100, attributes: HTTP };
    if (count >= TAUGHT) return [{ ...short, traceId: hex(count, 7, 32) }];
    return [{ ...short, traceId, parentSpanId: parentId, flags: 0x301 }];
  }
  const answer = { ...server, traceId, parentSpanId: parentId, flags: 0x301 };
  if (shape !== "answers and local spans") return [answer];
  const local = { traceId, parentSpanId: spanId, flags: 0x101, name: "render", kind: "internal" as const, ...times };
  const inner = [8, 9, 10].map((salt) => ({
    ...local,
    spanId: hex(count, salt, 16),
    attributes: { step: "one", rows: 3 },
  }));
  return [answer, ...inner];
}

/** The SERVER and the CLIENT span that the program exports for a crossing. */
function ownSpansOf(crossing: Crossing): readonly SpanRecord[] {
  const passed = { ...crossing, route: "/", template: "/api/cart", service: "shop", tries: NO_TRIES };
  assert.ok(crossing.spans !== undefined);
  return spansOf({ ...passed, requestBytes: 0, answerBytes: 512 }, crossing.spans);
}

const OWN_RESOURCE = { "service.name": "tracemend", "service.instance.id": "edge-1" };

function batchOf(resource: Readonly<Record<string, string>>, spans: readonly SpanRecord[]): Batch {
  const encoded = encodeSpans(resource, { name: "bench", version: "1" }, spans);
  const reading = readBatch("traces", encoded.parts[0] as Uint8Array);
  assert.equal(reading.kind, "batch");
  return (reading as { readonly batch: Batch }).batch;
}

interface Cost {
  readonly perCrossing: Figures;
  readonly perSpan: Figures;
  /** Nanoseconds for each span to read its bytes with protobufjs. */
  readonly decoding: Figures;
  /** Nanoseconds of ticks for each crossing. */
  readonly ticking: number;
  readonly bytes: number;
}

/** Nanoseconds: of the chunk in the middle, and the mean of all, which holds every collection of garbage. */
interface Figures {
  readonly median: number;
  readonly mean: number;
  /** To what decoding took, of the chunk in the middle. */
  readonly ratio: number;
}

interface Load {
  readonly name: string;
  readonly inFlight: number;
  readonly shape: Shape;
  readonly maxBytes: number;
  /** Requests that are told before any is timed. */
  readonly before: number;
}

function spentOn(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1_000;
}

/** What asking for the time costs by itself. */
const ASKING = medianOf(Array.from({ length: 1_000 }, () => spentOn(() => {})));

function nanosOf(run: () => void): number {
  return Math.max(0, spentOn(run) - ASKING);
}

function figuresOf(values: readonly number[], decoding: readonly number[]): Figures {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  return { median: medianOf(values), mean, ratio: medianOf(values.map((each, at) => each / (decoding[at] as number))) };
}

/** Reads all these spans with protobufjs. */
function decode(batches: readonly Batch[]): number {
  let spans = 0;
  for (const { parts } of batches) {
    for (const { scopeSpans } of reference.decode(parts[0] as Uint8Array).resourceSpans) {
      for (const scope of scopeSpans) spans += scope.spans.length;
    }
  }
  return spans;
}

/** What others do on the machine falls on single chunks. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Every request waits while `inFlight` others come after it; then its spans arrive. */
function measure({ inFlight, shape, maxBytes, before }: Load, verify: (diagnosis: Diagnosis) => void): Cost {
  let nowMs = START_MS;
  const diagnosis = createDiagnosis({ now: () => nowMs, maxBytes, seed: 7 });
  const stepMs = DELAY_MS / inFlight;
  const perCrossing: number[] = [];
  const perSpan: number[] = [];
  const decoding: number[] = [];
  let ticking = 0;
  let tickMs = nowMs + TICK_MS;
  const measured = measuredOf(inFlight);
  const total = before + measured;
  for (let from = 0; from < total; from += CHUNK) {
    const crossings = Array.from({ length: CHUNK }, (_, at) => crossingAt(from + at, nowMs + at * stepMs, shape));
    const untilMs = nowMs + CHUNK * stepMs;
    const due: Batch[] = [];
    for (let at = 0; at < (shape === "program" ? CHUNK : 0); at += TOGETHER) {
      due.push(batchOf(OWN_RESOURCE, crossings.slice(at, at + TOGETHER).flatMap(ownSpansOf)));
    }
    for (let at = Math.max(0, from - inFlight); at < from + CHUNK - inFlight; at += SPANS_PER_BATCH) {
      const records: SpanRecord[] = [];
      for (let count = at; count < at + SPANS_PER_BATCH; count += 1) {
        records.push(...spansFor(count, START_MS + count * stepMs, shape));
      }
      due.push(batchOf(RESOURCE, records));
    }
    const warm = from >= before;
    if (warm && (from / CHUNK) % COLLECT_EVERY === 0) collect();
    const forCrossings = nanosOf(() => {
      for (const crossing of crossings) diagnosis.crossed(crossing);
    });
    nowMs = untilMs;
    const forSpans = nanosOf(() => {
      for (const batch of due) diagnosis.spans(batch);
    });
    for (; tickMs <= nowMs; tickMs += TICK_MS) {
      const forTick = nanosOf(() => diagnosis.tick());
      if (warm) ticking += forTick;
    }
    if (!warm) continue;
    const spans = due.reduce((sum, { items }) => sum + items, 0);
    let decoded = 0;
    const forDecoding = nanosOf(() => {
      decoded = decode(due);
    });
    assert.equal(decoded, spans);
    perCrossing.push(forCrossings / CHUNK);
    perSpan.push(forSpans / spans);
    decoding.push(forDecoding / spans);
  }
  verify(diagnosis);
  return {
    perCrossing: figuresOf(perCrossing, decoding),
    perSpan: figuresOf(perSpan, decoding),
    decoding: figuresOf(decoding, decoding),
    ticking: ticking / measured,
    bytes: diagnosis.report().ledger.bytes,
  };
}

function collect(): void {
  globalThis.gc?.({ type: "minor" });
}

function proveRight(load: Load): (diagnosis: Diagnosis) => void {
  return (diagnosis) => {
    const { ledger, breaks } = diagnosis.report();
    const { observed, matched, missing, waiting, unobserved, evicted } = ledger;
    assert.equal(observed, load.before + measuredOf(load.inFlight));
    assert.equal(matched + missing + waiting + unobserved + evicted, observed);
    assert.equal(evicted, 0);
    if (load.shape === "roots" || load.shape === "roots by time") {
      assert.equal(breaks[0]?.kind, "dropped-by-callee");
      assert.ok(missing > 0 && matched === (load.shape === "roots" ? 0 : TAUGHT));
    } else {
      assert.deepEqual(breaks, []);
      assert.equal(matched, observed - load.inFlight);
      assert.equal(waiting, load.inFlight);
    }
  };
}

const MIB = 1024 * 1024;

/** Room for 2^20 requests. */
const LARGE_BYTES = 460 * MIB;

/** So many that every place of the stores was written once: the first touch of memory is the kernel's work, not ours. */
const FILLING = 1_060_000;

const LOADS: readonly Load[] = [
  { name: "1e3 in flight, 32 MiB", inFlight: 1_000, shape: "answers", maxBytes: 32 * MIB, before: 100_000 },
  { name: "1e3 in flight", inFlight: 1_000, shape: "answers", maxBytes: LARGE_BYTES, before: FILLING },
  { name: "1e6 in flight", inFlight: 1_000_000, shape: "answers", maxBytes: LARGE_BYTES, before: FILLING },
  { name: "1e4, as the program", inFlight: 10_000, shape: "program", maxBytes: 32 * MIB, before: 100_000 },
  { name: "1e6, as the program", inFlight: 1_000_000, shape: "program", maxBytes: 2 * LARGE_BYTES, before: FILLING },
  {
    name: "1e4, 3 local spans each",
    inFlight: 10_000,
    shape: "answers and local spans",
    maxBytes: 32 * MIB,
    before: 50_000,
  },
  { name: "1e4, all broken", inFlight: 10_000, shape: "roots", maxBytes: 32 * MIB, before: 50_000 },
  // A thousand a second: 20 at once, and a span may be of any of them. They are compared after a minute.
  { name: "5e3, all broken, by time", inFlight: 5_000, shape: "roots by time", maxBytes: 64 * MIB, before: 70_000 },
];

/** Requests that are timed: as many as come between two ticks at least. */
function measuredOf(inFlight: number): number {
  return Math.max(100_000, (inFlight * TICK_MS) / DELAY_MS);
}

const chosen = process.argv[2];
const rows = LOADS.filter(({ name }) => chosen === undefined || name.startsWith(chosen)).map((load) => {
  const { perCrossing, perSpan, decoding, ticking, bytes } = measure(load, proveRight(load));
  return {
    load: load.name,
    "ns/crossing": Math.round(perCrossing.median),
    mean: Math.round(perCrossing.mean),
    "/decoding": perCrossing.ratio.toFixed(2),
    "ns/span": Math.round(perSpan.median),
    "mean ": Math.round(perSpan.mean),
    "/decoding ": perSpan.ratio.toFixed(2),
    "decoding, ns/span": Math.round(decoding.median),
    "ticks, ns/crossing": Math.round(ticking),
    MiB: Math.round(bytes / MIB),
  };
});
console.table(rows);
