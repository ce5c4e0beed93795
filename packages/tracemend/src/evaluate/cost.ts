/** What the diagnosis costs: CPU for a crossing and for a span, and memory, with few and with many traces in flight. */
import type { Crossing } from "@tracemend/context";
import { createDiagnosis } from "@tracemend/diagnosis";
import type { Batch } from "@tracemend/otlp";
import { encodeSpans } from "@tracemend/otlp";
import { homeBoundary, pass } from "./border.ts";
import type { Edge } from "./call.ts";
import type { Random } from "./random.ts";
import { createRandom } from "./random.ts";
import { EPOCH_MS } from "./replay.ts";

export interface CostScore {
  readonly inFlight: number;
  readonly microsPerCrossing: number;
  readonly microsPerSpan: number;
  readonly microsPerTick: number;
  readonly bytes: number;
  readonly capacityBytes: number;
  /** Requests that were forgotten while they waited. */
  readonly evicted: number;
}

/** Crossings between two looks at the CPU clock: it is too coarse for less. */
const CHUNK = 2_000;

const EDGE: Edge = { from: "caller", to: "callee", name: "caller→callee", requests: 0, clients: 0, multiplexed: false };
const BOUNDARY = homeBoundary(EDGE);
const RESOURCE = { "service.name": EDGE.to, "service.instance.id": "callee-1" };

/** All that are in flight come within this: fewer milliseconds than the longest wait. */
const IN_FLIGHT_MS = 20_000;

/**
 * Every request stays unanswered until `inFlight` others have come after it. `measured` requests are counted once the
 * first have filled the books. Nothing of a request is kept in between, so that the heap stays as small as it is.
 */
export function measureCost(inFlight: number, measured: number, maxBytes: number): CostScore {
  const stepMs = Math.min(1, IN_FLIGHT_MS / inFlight);
  const atMs = (request: number): number => EPOCH_MS + request * stepMs;
  let nowMs = EPOCH_MS;
  const diagnosis = createDiagnosis({ now: () => nowMs, maxBytes, seed: 1 });
  const micros = { crossings: 0, spans: 0, ticks: 0 };
  let counted = 0;
  const total = inFlight + measured;
  for (let first = 0; first < total; first += CHUNK) {
    const chunk = Array.from({ length: CHUNK }, (_, at) => first + at);
    const crossings = chunk.map((request) => crossingOf(request, atMs(request)));
    const late = chunk.map((request) => request - inFlight).filter((request) => request >= 0);
    const answers = late.length === 0 ? undefined : answersOf(late, atMs);
    nowMs = atMs(first + CHUNK);
    const forCrossings = microsOf(() => {
      for (const crossing of crossings) diagnosis.crossed(crossing);
    });
    const forSpans = microsOf(() => {
      if (answers !== undefined) diagnosis.spans(answers);
    });
    const forTick = microsOf(() => diagnosis.tick());
    if (late.length < CHUNK) continue;
    micros.crossings += forCrossings;
    micros.spans += forSpans;
    micros.ticks += forTick;
    counted += CHUNK;
  }
  const { ledger } = diagnosis.report();
  return {
    inFlight,
    microsPerCrossing: micros.crossings / counted,
    microsPerSpan: micros.spans / counted,
    microsPerTick: (micros.ticks * CHUNK) / counted,
    bytes: ledger.bytes,
    capacityBytes: ledger.capacityBytes,
    evicted: ledger.evicted,
  };
}

function microsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** The ids of a request follow from its number. */
function randomOf(request: number): Random {
  return createRandom(Math.imul(request + 1, 0x9e3779b1));
}

function crossingOf(request: number, startMs: number): Crossing {
  const random = randomOf(request);
  const traceparent = `00-${random.traceId()}-${random.spanId()}-01`;
  const about = { operation: "GET /", startMs, endMs: startMs + 5, requestId: undefined, from: "10.0.0.1" };
  return pass(BOUNDARY, EDGE.to, { lines: ["traceparent", traceparent], ...about }, random).crossing;
}

function answersOf(requests: readonly number[], atMs: (request: number) => number): Batch {
  const spans = requests.map((request) => {
    const random = randomOf(request);
    const traceId = random.traceId();
    // The caller's span, and a trace id and a SERVER span of the border's own, were drawn before its CLIENT span.
    random.spanId();
    random.traceId();
    random.spanId();
    const startMs = atMs(request) + 1;
    const times = { startMs, endMs: startMs + 3 };
    const ids = { traceId, parentSpanId: random.spanId(), spanId: random.spanId() };
    return { ...ids, ...times, flags: 0x301, name: "GET /", kind: "server", attributes: { "url.path": "/" } } as const;
  });
  return encodeSpans(RESOURCE, { name: "recording", version: "1" }, spans);
}
