/** A histogram as Prometheus text: cumulative counts, the sum, and the count of all. */
import type { DestinationState, Histogram } from "@tracemend/pipeline";
import type { MetricsText } from "./metrics.ts";

/** `perUnit`: how many of the histogram's figures make one of the metric's unit. */
export function writeHistogram(
  out: MetricsText,
  family: string,
  labels: Readonly<Record<string, string>>,
  { bounds, counts, sum }: Histogram,
  perUnit: number,
): void {
  let below = 0;
  counts.forEach((count, at) => {
    below += count;
    const bound = bounds[at];
    out.sample(`${family}_bucket`, { ...labels, le: bound === undefined ? "+Inf" : String(bound / perUnit) }, below);
  });
  out.sample(`${family}_sum`, labels, sum / perUnit);
  out.sample(`${family}_count`, labels, below);
}

export function writeBatchSizes(out: MetricsText, states: readonly DestinationState[]): void {
  for (const [family, what, help] of [
    ["tracemend_batch_items", "items", "Items of the batches sent."],
    ["tracemend_batch_bytes", "bytes", "Bytes of the batches sent, before compression."],
  ] as const) {
    out.family(family, "histogram", help);
    for (const { name, batchSizes } of states) writeHistogram(out, family, { destination: name }, batchSizes[what], 1);
  }
}
