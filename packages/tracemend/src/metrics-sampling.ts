/** What sampling decided, as Prometheus text. */
import type { DestinationState, SamplingState } from "@tracemend/pipeline";
import { writeHistogram } from "./metrics-histogram.ts";
import type { MetricsText } from "./metrics.ts";

export function writeSampling(out: MetricsText, destinations: readonly DestinationState[]): void {
  const states = destinations.flatMap(({ name, sampling }) => (sampling === undefined ? [] : [{ name, sampling }]));
  if (states.length === 0) return;
  const each = (
    family: string,
    type: "counter" | "gauge",
    help: string,
    read: (sampling: SamplingState) => readonly (readonly [Readonly<Record<string, string>>, number])[],
  ): void => {
    out.family(family, type, help);
    for (const { name, sampling } of states)
      for (const [labels, value] of read(sampling)) out.sample(family, { destination: name, ...labels }, value);
  };
  each("tracemend_sampling_traces", "gauge", "Traces that wait for their decision.", ({ traces }) => [[{}, traces]]);
  each("tracemend_sampling_traces_capacity", "gauge", "Traces that may wait.", ({ maxTraces }) => [[{}, maxTraces]]);
  each("tracemend_sampling_bytes", "gauge", "Bytes that wait for decisions.", ({ bytes }) => [[{}, bytes]]);
  each("tracemend_sampling_capacity_bytes", "gauge", "Bytes that may wait.", ({ maxBytes }) => [[{}, maxBytes]]);
  each("tracemend_sampling_decisions_total", "counter", "Decisions on traces, by policy.", (sampling) => [
    ...Object.entries(sampling.sampled).map(([policy, count]) => [{ policy, decision: "sampled" }, count] as const),
    ...Object.entries(sampling.notSampled).map(
      ([policy, count]) => [{ policy, decision: "not_sampled" }, count] as const,
    ),
  ]);
  each("tracemend_sampling_causes_total", "counter", "Decisions on traces, by what made them due.", ({ causes }) =>
    Object.entries(causes).map(([cause, count]) => [{ cause }, count] as const),
  );
  each("tracemend_sampling_late_spans_total", "counter", "Spans that came after the decision.", ({ lateSpans }) => [
    [{ decision: "sampled" }, lateSpans.sampled],
    [{ decision: "not_sampled" }, lateSpans.notSampled],
  ]);
  each(
    "tracemend_sampling_lateness_seconds_total",
    "counter",
    "Time by which decisions came after they were due.",
    ({ latenessMs }) => [[{}, latenessMs / 1_000]],
  );
  const family = "tracemend_sampling_decision_seconds";
  out.family(family, "histogram", "Time from the first span of a trace to its decision.");
  for (const { name, sampling } of states)
    writeHistogram(out, family, { destination: name }, sampling.decisionMs, 1_000);
}

/** Under the names of the Collector's tail_sampling processor. */
export function writeSamplingAliases(out: MetricsText, destinations: readonly DestinationState[]): void {
  const states = destinations.flatMap(({ name, sampling }) => (sampling === undefined ? [] : [{ name, sampling }]));
  if (states.length === 0) return;
  const prefix = "otelcol_processor_tail_sampling";
  out.family(`${prefix}_sampling_traces_on_memory`, "gauge", "Traces that wait for their decision.");
  for (const { name, sampling } of states)
    out.sample(`${prefix}_sampling_traces_on_memory`, { processor: name }, sampling.traces);
  out.family(`${prefix}_global_count_traces_sampled_total`, "counter", "Decisions on traces.");
  for (const { name, sampling } of states)
    for (const [sampled, counts] of [
      ["true", sampling.sampled],
      ["false", sampling.notSampled],
    ] as const) {
      const count = Object.values(counts).reduce((sum, one) => sum + one, 0);
      out.sample(`${prefix}_global_count_traces_sampled_total`, { processor: name, sampled }, count);
    }
}
