/**
 * CPU time for 1000 spans of about 550 bytes: scanning and splicing with @tracemend/otlp, beside decoding and
 * re-encoding with protobufjs code generated from the .proto files. Answers are compared before anything is timed.
 *
 *     node test/bench/otlp-wire.ts
 */

import assert from "node:assert/strict";
import {
  type Batch,
  defineRewriter,
  defineStamp,
  forEachSpan,
  readBatch,
  refineBatch,
  rewriteStrings,
  selectSpans,
  shardByTrace,
  splitBatch,
} from "@tracemend/otlp";
import { createBodies, spansPerBody } from "./otlp/bodies.ts";
import { type ReferenceRequest, reference } from "./otlp/reference.ts";

const stampAttributes = {
  "deployment.environment.name": "production",
  "cloud.region": "eu-central-1",
  "k8s.cluster.name": "edge-17",
  "tracemend.hop": "gateway",
};

function read(body: Uint8Array): Batch {
  const reading = readBatch("traces", body);
  assert(reading.kind === "batch");
  return reading.batch;
}

/** Setting attributes after a full decode, with the same result as a stamp. */
function editDecoded(body: Uint8Array): ReferenceRequest {
  const request = reference.decode(body);
  for (const envelope of request.resourceSpans) {
    const kept = envelope.resource.attributes.filter(({ key }) => !Object.hasOwn(stampAttributes, key));
    const added = Object.entries(stampAttributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));
    envelope.resource.attributes = [...kept, ...added];
  }
  return request;
}

const bodies = createBodies(40, { "service.name": "shop", "service.version": "1.4.2", "host.name": "node-17" });
const batches = bodies.map((body) => read(body));
const stamp = defineStamp(stampAttributes);
const shardOf = (traceHash: number): number => traceHash & 3;
const replaceOne = defineRewriter({
  text: (text) => text,
  attribute: (key) => (key === "url.path.1" ? () => "****" : undefined),
  concerns: () => 0,
});
const rewriteConcerned = defineRewriter({
  text: (text) => text,
  concerns(bytes, start, stop) {
    for (let pos = start; pos < stop; pos++) if (bytes[pos] === 0x40) return 1;
    return 0;
  },
});
const bodyBytes = bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length;

for (const [index, body] of bodies.entries()) {
  const batch = batches[index]!;
  const decoded = reference.decode(body);
  const traceIds = decoded.resourceSpans[0]!.scopeSpans[0]!.spans.map((span) =>
    Buffer.from(span.traceId).toString("hex"),
  );
  const seen: string[] = [];
  forEachSpan(batch, (span) => seen.push(span.traceId()));
  assert.deepEqual(seen, traceIds);
  assert.equal(batch.items, traceIds.length);
  const stamped = reference.encode(reference.decode(stamp(batch).batch.parts[0]!)).finish();
  assert(
    Buffer.compare(stamped, reference.encode(editDecoded(body)).finish()) === 0,
    "stamp differs from decode, edit, encode",
  );
}

let sink = 0;
const work: readonly (readonly [string, (index: number) => void])[] = [
  ["readBatch: prove framing, count", (index) => (sink += read(bodies[index]!).items)],
  ["stamp 4 attributes", (index) => (sink += stamp(batches[index]!).batch.bytes)],
  ["walk, locate trace id", (index) => forEachSpan(batches[index]!, (span) => (sink += span.kind()))],
  ["walk, trace id as text", (index) => forEachSpan(batches[index]!, (span) => (sink += span.traceId().length))],
  [
    "walk, find 2 attributes",
    (index) =>
      forEachSpan(batches[index]!, (span) => {
        if (span.attribute("http.route.3") !== undefined || span.attribute("absent") !== undefined) sink++;
      }),
  ],
  ["split in 4", (index) => (sink += splitBatch(batches[index]!, { maxItems: 250 }).length)],
  [
    "select every other span",
    (index) => (sink += selectSpans(batches[index]!, (span) => sink++ % 2 === span.kind() - 2).items),
  ],
  ["shard by trace id over 4", (index) => (sink += shardByTrace(batches[index]!, { count: 4, shardOf }).size)],
  ["refine: ids, UTF-8, repeats", (index) => (sink += refineBatch(batches[index]!).batch.items)],
  ["show every string to a rule", (index) => (sink += rewriteStrings(batches[index]!, { text: (text) => text }).items)],
  ["replace one attribute by key", (index) => (sink += replaceOne(batches[index]!).items)],
  ["look at every string's bytes", (index) => (sink += rewriteConcerned(batches[index]!).items)],
  [
    "read, stamp and walk",
    (index) => {
      const { batch } = stamp(read(bodies[index]!));
      forEachSpan(batch, (span) => (sink += span.traceId().length));
    },
  ],
  ["reference: decode", (index) => (sink += reference.decode(bodies[index]!).resourceSpans.length)],
  [
    "reference: decode, edit, encode",
    (index) => (sink += reference.encode(editDecoded(bodies[index]!)).finish().length),
  ],
];

/** The best of several rounds, in microseconds of CPU time (user and system, all threads) for one body. */
function measure(run: (index: number) => void): number {
  const rounds = Array.from({ length: 15 }, () => {
    const start = process.cpuUsage();
    for (let index = 0; index < bodies.length; index++) run(index);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / bodies.length;
  });
  return Math.min(...rounds);
}

for (const [, run] of work) measure(run);
const rows = work.map(([name, run]) => ({ name, cpu: measure(run) }));
const base = rows.at(-1)!.cpu;
console.log(`${spansPerBody} spans, ${Math.round(bodyBytes / spansPerBody)} bytes each; Node ${process.version}`);
console.table(
  Object.fromEntries(
    rows.map(({ name, cpu }) => [
      name,
      {
        "µs CPU / 1000 spans": Math.round(cpu),
        "spans/s/core": Math.round(spansPerBody / (cpu / 1e6)),
        "times faster than decode + encode": Number((base / cpu).toFixed(1)),
      },
    ]),
  ),
);
assert(sink > 0);
