/** How long things took, as histograms in the text exposition format. */
import type { MetricsText } from "./metrics.ts";

type Labels = Readonly<Record<string, string>>;

/** `counts` has one more than there are bounds: what took longer than them all. */
export interface Histogram {
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
  readonly sumMs: number;
}

export function writeHistogram(out: MetricsText, family: string, labels: Labels, histogram: Histogram): void {
  const { boundsMs, counts, sumMs } = histogram;
  let below = 0;
  counts.forEach((count, at) => {
    below += count;
    const bound = boundsMs[at];
    const le = bound === undefined ? "+Inf" : String(bound / 1_000);
    out.sample(`${family}_bucket`, { ...labels, le }, below);
  });
  out.sample(`${family}_sum`, labels, sumMs / 1_000);
  out.sample(`${family}_count`, labels, below);
}

/** The bounds that Prometheus' own clients begin with. */
const BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/** One family of histograms, a series for each set of labels. */
export interface Durations {
  observe(labels: Labels, ms: number): void;
  write(out: MetricsText): void;
}

export function createDurations(family: string, help: string): Durations {
  const held = new Map<string, { readonly labels: Labels; readonly counts: number[]; sumMs: number }>();
  return {
    observe(labels, ms) {
      const key = Object.values(labels).join("\n");
      let found = held.get(key);
      if (found === undefined) {
        found = { labels, counts: BOUNDS_MS.map(() => 0).concat(0), sumMs: 0 };
        held.set(key, found);
      }
      let at = 0;
      while (at < BOUNDS_MS.length && ms > (BOUNDS_MS[at] as number)) at += 1;
      found.counts[at] = (found.counts[at] as number) + 1;
      found.sumMs += ms;
    },
    write(out) {
      out.family(family, "histogram", help);
      for (const { labels, counts, sumMs } of held.values())
        writeHistogram(out, family, labels, { boundsMs: BOUNDS_MS, counts, sumMs });
    },
  };
}
