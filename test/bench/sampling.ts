/**
 * Sampling by trace id and by tail, 1,000 spans of 100 traces a batch. Proves first that what is kept and what is left out
 * add up and that tail sampling keeps whole traces. Prints spans per CPU second and the memory of a trace that waits:
 * `node --expose-gc test/bench/sampling.ts`.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { encodeSpans, forEachSpan } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import type { SampleOptions } from "@tracemend/pipeline";
import { accepted, systemClock } from "@tracemend/pipeline";
import { createLedger } from "../../packages/pipeline/src/ledger.ts";
import { defineSample } from "../../packages/pipeline/src/sample/options.ts";
import { createSampler } from "../../packages/pipeline/src/sample/sample.ts";
import { createNoise } from "../support/noise.ts";

const tracesPerBatch = 100;
const spansPerBatch = 1_000;
const rounds = 6;

const noise = createNoise(1);
function randomHex(bytes: number): string {
  let text = "";
  for (let at = 0; at < bytes; at++) {
    text += Math.floor(noise() * 256)
      .toString(16)
      .padStart(2, "0");
  }
  return text;
}

function createBatch(): Batch {
  const traces = Array.from({ length: tracesPerBatch }, () => randomHex(16));
  const records = Array.from({ length: spansPerBatch }, (_, index) => ({
    traceId: traces[index % tracesPerBatch] ?? "",
    spanId: randomHex(8),
    name: "GET /orders/{id}",
    kind: "server" as const,
    startMs: 1_795_000_000_000,
    endMs: 1_795_000_000_000 + index,
    attributes: {
      "http.route": "/orders/{id}",
      "http.request.method": "GET",
      "url.path": `/orders/${index}`,
      "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
      "server.address": "orders.internal",
      "http.response.status_code": 200,
      "thread.name": `worker-${index % 16}`,
    },
  }));
  return encodeSpans({ "service.name": "shop", "k8s.cluster.name": "eu" }, { name: "bench", version: "1" }, records);
}

const batches = Array.from({ length: 200 }, createBatch);
const cases: readonly SampleOptions[] = [
  { kind: "probabilistic", samplingPercentage: 10 },
  {
    kind: "tail",
    decisionWaitMs: 600_000,
    policies: [
      { name: "errors", type: "status_code", statusCodes: ["ERROR"] },
      { name: "slow", type: "latency", thresholdMs: 5_000 },
      { name: "vip", type: "string_attribute", key: "tenant", values: ["vip"] },
      { name: "some", type: "probabilistic", samplingPercentage: 10 },
    ],
  },
];

async function run(options: SampleOptions) {
  const ledger = createLedger();
  const account = ledger.account("bench");
  const spans = new Map<string, number>();
  let kept = 0;
  const fail = (option: string): never => {
    throw new TypeError(option);
  };
  const prove = (batch: Batch): void =>
    forEachSpan(batch, (span) => spans.set(span.traceId(), (spans.get(span.traceId()) ?? 0) + 1));
  const measure = async (look: boolean) => {
    const next = {
      accept(batch: Batch) {
        kept += batch.items;
        if (look) prove(batch);
        return Promise.resolve(accepted);
      },
      close: () => Promise.resolve(),
    };
    const sampler = createSampler(defineSample(options, 2 ** 30, fail), account, systemClock, next);
    const never = new AbortController().signal;
    globalThis.gc?.();
    const heapBefore = process.memoryUsage().heapUsed;
    const before = process.cpuUsage();
    const outcomes = batches.map((batch) => sampler.sink.accept(batch, never));
    const arrived = process.cpuUsage(before);
    globalThis.gc?.();
    const heapBytes = process.memoryUsage().heapUsed - heapBefore;
    const then = process.cpuUsage();
    await sampler.sink.close(never);
    await Promise.all(outcomes);
    const left = process.cpuUsage(then);
    return { heapBytes, cpuMicros: arrived.user + arrived.system + left.user + left.system };
  };
  await measure(true);
  assert.equal(kept + (ledger.rows()[0]?.sampledOut ?? 0), batches.length * spansPerBatch);
  for (const count of spans.values()) assert.equal(count, spansPerBatch / tracesPerBatch);
  let best = { heapBytes: 0, cpuMicros: Infinity };
  for (let round = 0; round < rounds; round++) {
    const measured = await measure(false);
    if (measured.cpuMicros < best.cpuMicros) best = measured;
  }
  return {
    sample: options.kind,
    "spans per CPU s": Math.round((batches.length * spansPerBatch * 1e6) / best.cpuMicros),
    "bytes a span": Math.round((batches[0]?.bytes ?? 0) / spansPerBatch),
    "heap a trace": options.kind === "tail" ? Math.round(best.heapBytes / (batches.length * tracesPerBatch)) : 0,
  };
}

const table = [];
for (const options of cases) table.push(await run(options));
console.table(table);
