/** How long things took: one family of histograms, in seconds, a series for each set of labels. */
import type { OpenHistogram } from "@tracemend/pipeline";
import { createHistogram } from "@tracemend/pipeline";
import { writeHistogram } from "./metrics-histogram.ts";
import type { MetricsText } from "./metrics.ts";

type Labels = Readonly<Record<string, string>>;

/** The bounds that Prometheus' own clients begin with. */
const BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

export interface Durations {
  observe(labels: Labels, ms: number): void;
  write(out: MetricsText): void;
}

export function createDurations(family: string, help: string): Durations {
  const held = new Map<string, { readonly labels: Labels; readonly histogram: OpenHistogram }>();
  return {
    observe(labels, ms) {
      const key = Object.values(labels).join("\n");
      let found = held.get(key);
      if (found === undefined) {
        found = { labels, histogram: createHistogram(BOUNDS_MS) };
        held.set(key, found);
      }
      found.histogram.add(ms);
    },
    write(out) {
      out.family(family, "histogram", help);
      for (const { labels, histogram } of held.values()) writeHistogram(out, family, labels, histogram.read(), 1_000);
    },
  };
}
