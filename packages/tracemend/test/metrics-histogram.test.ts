import { expect, it } from "vitest";
import { createMetricsText } from "../src/metrics.ts";
import { writeHistogram } from "../src/metrics-histogram.ts";

it("histograms are written cumulative, in the unit of the metric", () => {
  const text = createMetricsText();
  writeHistogram(text, "wait_seconds", { to: "eu" }, { bounds: [100, 1_000], counts: [2, 1, 3], sum: 9_500 }, 1_000);
  expect(text.toString().split("\n").slice(0, -1)).toEqual([
    'wait_seconds_bucket{to="eu",le="0.1"} 2',
    'wait_seconds_bucket{to="eu",le="1"} 3',
    'wait_seconds_bucket{to="eu",le="+Inf"} 6',
    'wait_seconds_sum{to="eu"} 9.5',
    'wait_seconds_count{to="eu"} 6',
  ]);
});
