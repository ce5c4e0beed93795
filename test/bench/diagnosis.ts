// What the diagnosis costs for each crossing and each span, with few and with many traces in flight, in CPU time of this
// process: `node --expose-gc test/bench/diagnosis.ts [load]`. What it says is proven right. Beside each batch stands what
// reading the same bytes with protobufjs takes, moments later: machines, and what else they do, change the times by far
// more than the ratios.
import assert from "node:assert/strict";
import process from "node:process";
import type { Batch } from "@tracemend/otlp";
import { LARGE_LOADS, SMALL_LOADS } from "../../packages/tracemend/src/evaluate/cost-load.ts";
import { measureCost } from "../../packages/tracemend/src/evaluate/cost.ts";
import { reference } from "./otlp/reference.ts";

function decode(batches: readonly Batch[]): void {
  for (const { parts, items } of batches) {
    let spans = 0;
    for (const { scopeSpans } of reference.decode(parts[0] as Uint8Array).resourceSpans) {
      for (const scope of scopeSpans) spans += scope.spans.length;
    }
    assert.equal(spans, items);
  }
}

const chosen = process.argv[2] ?? "";
const rows = [];
for (const group of [...SMALL_LOADS, ...LARGE_LOADS]) {
  const loads = group.filter(({ name }) => name.startsWith(chosen));
  for (const { load, crossing, span, beside, ticks, bytes, toFirst } of await measureCost(loads, decode)) {
    rows.push({
      load,
      "ns/crossing": Math.round(crossing.median),
      mean: Math.round(crossing.mean),
      "/decoding": crossing.ratio?.toFixed(2),
      "/above": toFirst?.crossing.toFixed(2),
      "ns/span": Math.round(span.median),
      "mean ": Math.round(span.mean),
      "/decoding ": span.ratio?.toFixed(2),
      "/above ": toFirst?.span.toFixed(2),
      "decoding, ns/span": Math.round(beside?.median ?? 0),
      "ticks, ns/crossing": Math.round(ticks),
      MiB: Math.round(bytes / 1_048_576),
    });
  }
}
console.table(rows);
