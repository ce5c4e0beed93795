/** What the diagnosis costs: CPU for a crossing and for a span, and memory, with few and with many traces in flight. */
import { createDiagnosis } from "@tracemend/diagnosis";
import type { Crossing } from "@tracemend/context";
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
  /** For one tick, once a second. */
  readonly microsPerTick: number;
  readonly bytes: number;
  readonly capacityBytes: number;
  readonly evicted: number;
}

/** Crossings between two looks at the CPU clock: it is too coarse for less. */
const CHUNK = 500;

/** Spans that a service exports at once. */
const SPANS_PER_BATCH = 500;

const EDGE: Edge = { from: "caller", to: "callee", name: "caller→callee", requests: 0, clients: 0, multiplexed: false };

/**
 * Every request stays unanswered while `inFlight` others come after it: its span arrives then. `measured` requests are
 * counted once the first have filled the books.
 */
export function measureCost(inFlight: number, measured: number, maxBytes: number): CostScore {
  let nowMs = EPOCH_MS;
  const diagnosis = createDiagnosis({ now: () => nowMs, maxBytes, seed: 1 });
  const random = createRandom(1);
  const waiting: Crossing[] = [];
  let from = 0;
  const micros = { crossings: 0, spans: 0, ticks: 0 };
  let counted = 0;
  let ticks = 0;
  // So fast that none waits longer than the longest wait: what is measured is the work, not the giving up.
  const stepMs = Math.min(1, 20_000 / inFlight);
  const total = Math.ceil((inFlight + measured) / CHUNK) * CHUNK;
  for (let done = 0; done < total; done += CHUNK) {
    const crossings = Array.from({ length: CHUNK }, (_, at) => crossingAt(nowMs + at * stepMs, random));
    nowMs += CHUNK * stepMs;
    const forCrossings = microsOf(() => {
      for (const crossing of crossings) diagnosis.crossed(crossing);
    });
    waiting.push(...crossings);
    const batches: Batch[] = [];
    while (waiting.length - from > inFlight) {
      batches.push(answersOf(waiting.slice(from, from + SPANS_PER_BATCH), random));
      from += SPANS_PER_BATCH;
    }
    const forSpans = microsOf(() => {
      for (const batch of batches) diagnosis.spans(batch);
    });
    const forTick = microsOf(() => diagnosis.tick());
    if (done < inFlight) continue;
    micros.crossings += forCrossings;
    micros.spans += forSpans;
    micros.ticks += forTick;
    counted += CHUNK;
    ticks += 1;
  }
  const { ledger } = diagnosis.report();
  return {
    inFlight,
    microsPerCrossing: micros.crossings / counted,
    microsPerSpan: micros.spans / counted,
    microsPerTick: micros.ticks / ticks,
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

function crossingAt(startMs: number, random: Random): Crossing {
  const traceparent = `00-${random.traceId()}-${random.spanId()}-01`;
  const request = { lines: ["traceparent", traceparent], operation: "GET /", startMs, endMs: startMs + 5 };
  return pass(homeBoundary(EDGE), EDGE.to, { ...request, requestId: undefined, from: "10.0.0.1" }, random).crossing;
}

function answersOf(crossings: readonly Crossing[], random: Random): Batch {
  const resource = { "service.name": EDGE.to, "service.instance.id": "callee-1" };
  return encodeSpans(
    resource,
    { name: "recording", version: "1" },
    crossings.map(({ verdict: { context }, startMs, endMs }) => ({
      traceId: context?.traceId ?? random.traceId(),
      spanId: random.spanId(),
      parentSpanId: context?.parentId ?? random.spanId(),
      flags: 0x301,
      name: "GET /",
      kind: "server",
      startMs: startMs + 1,
      endMs: endMs - 1,
      attributes: { "url.path": "/" },
    })),
  );
}
