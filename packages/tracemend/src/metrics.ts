/** Our own counters, as Prometheus text. */
import type { DiagnosisReport } from "@tracemend/diagnosis";
import type { RefusalCounts, UpstreamState } from "@tracemend/proxy";
import type { CrossingIntakeCounts } from "./crossing-intake.ts";
import type { FindingsCount } from "./findings.ts";
import type { RepairCount } from "./repairs.ts";
import type { RenewalCounts } from "./renewal.ts";
import type { CrewState } from "./workers/crew.ts";
import type { DestinationState, LedgerRow, PipelineCounters } from "@tracemend/pipeline";

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;

export function writeUpstreams(
  out: MetricsText,
  upstreams: readonly { readonly boundary: string; readonly states: readonly UpstreamState[] }[],
): void {
  const each = (write: (labels: Labels, state: UpstreamState) => void): void => {
    for (const { boundary, states } of upstreams)
      for (const state of states) write({ boundary, upstream: state.name }, state);
  };
  out.family("tracemend_upstream_requests_open", "gauge", "Requests under way at an upstream.");
  each((labels, { open }) => out.sample("tracemend_upstream_requests_open", labels, open));
  out.family("tracemend_upstream_endpoints", "gauge", "Endpoints of an upstream, by what is known of their health.");
  each((labels, { endpoints }) => {
    for (const state of ["healthy", "unhealthy", "ejected"] as const) {
      const count = endpoints.filter((endpoint) => endpoint.state === state).length;
      out.sample("tracemend_upstream_endpoints", { ...labels, state }, count);
    }
  });
}

export function writeRenewals(out: MetricsText, counts: RenewalCounts): void {
  const name = "tracemend_certificate_renewals_total";
  out.family(name, "counter", "Times that changed certificate files were read; refused: those before stay in use.");
  for (const outcome of ["taken", "refused"] as const) out.sample(name, { outcome }, counts[outcome]);
}

export function writeWorkers(out: MetricsText, { workers, crashes, lostGrants, lostCrossings }: CrewState): void {
  const one = (name: string, type: "counter" | "gauge", help: string, value: number): void => {
    out.family(name, type, help);
    out.sample(name, {}, value);
  };
  one("tracemend_workers", "gauge", "Worker processes that serve.", workers.length);
  one("tracemend_worker_crashes_total", "counter", "Worker processes that ended without being told to.", crashes);
  one(
    "tracemend_worker_lost_grants_total",
    "counter",
    "Pairs of spans, and spans of further tries, that such a worker had promised and not handed over.",
    lostGrants,
  );
  one(
    "tracemend_worker_lost_crossings_total",
    "counter",
    "Crossings that a worker had no room to keep.",
    lostCrossings,
  );
}

export function writeRefusals(
  out: MetricsText,
  refusals: readonly { readonly boundary: string; readonly counts: RefusalCounts }[],
): void {
  const name = "tracemend_refused_callers_total";
  out.family(name, "counter", "Callers turned away before there was a request, by reason.");
  for (const { boundary, counts } of refusals)
    for (const [reason, count] of Object.entries(counts)) out.sample(name, { boundary, reason }, count);
}

export function writeLedger(out: MetricsText, rows: readonly LedgerRow[]): void {
  const name = "tracemend_otlp_items_total";
  out.family(
    name,
    "counter",
    "Telemetry items by what became of them; received is the sum of all others and what waits.",
  );
  for (const row of rows) {
    const labels = { signal: row.signal, destination: row.destination };
    out.sample(name, { ...labels, state: "received" }, row.received);
    out.sample(name, { ...labels, state: "exported" }, row.exported);
    out.sample(name, { ...labels, state: "refused_by_peer" }, row.refusedByPeer);
    for (const [policy, count] of Object.entries(row.sampledOutBy))
      out.sample(name, { ...labels, state: "sampled_out", policy }, count);
    for (const [reason, count] of Object.entries(row.dropped))
      out.sample(name, { ...labels, state: "dropped", reason }, count);
  }
  out.family("tracemend_otlp_items_waiting", "gauge", "Telemetry items that are queued or on their way.");
  for (const row of rows) {
    const labels = { signal: row.signal, destination: row.destination };
    out.sample("tracemend_otlp_items_waiting", { ...labels, state: "queued" }, row.queued);
    out.sample("tracemend_otlp_items_waiting", { ...labels, state: "in_flight" }, row.inFlight);
  }
  const turned = "tracemend_otlp_items_turned_away_total";
  out.family(
    turned,
    "counter",
    "Telemetry items that no destination had room for; their sender was told to keep them.",
  );
  for (const { signal, destination, turnedAway } of rows) out.sample(turned, { signal, destination }, turnedAway);
}

export function writeQueues(out: MetricsText, states: readonly DestinationState[]): void {
  out.family("tracemend_queue_bytes", "gauge", "Bytes that wait for a destination, those in flight included.");
  for (const state of states) out.sample("tracemend_queue_bytes", { destination: state.name }, state.queueBytes);
  out.family("tracemend_queue_capacity_bytes", "gauge", "Bytes that may wait for a destination.");
  for (const state of states) {
    out.sample("tracemend_queue_capacity_bytes", { destination: state.name }, state.queueCapacityBytes);
  }
  out.family("tracemend_destination_reachable", "gauge", "1 where the destination can be reached now.");
  for (const state of states) {
    out.sample("tracemend_destination_reachable", { destination: state.name }, state.reachable ? 1 : 0);
  }
}

export function writeBatches(out: MetricsText, states: readonly DestinationState[]): void {
  out.family("tracemend_batch_flushes_total", "counter", "Batches sent, by what made them leave.");
  for (const state of states) {
    for (const [trigger, count] of Object.entries(state.flushes))
      out.sample("tracemend_batch_flushes_total", { destination: state.name, trigger }, count);
  }
  out.family("tracemend_batch_lateness_seconds_total", "counter", "Time by which batches were sent after their age.");
  for (const state of states) {
    out.sample("tracemend_batch_lateness_seconds_total", { destination: state.name }, state.flushLatenessMs / 1_000);
  }
}

/** The same under the names the OpenTelemetry Collector has them, for dashboards and alerts that are there already. */
export function writeCollectorAliases(
  out: MetricsText,
  states: readonly DestinationState[],
  rows: readonly LedgerRow[],
): void {
  const gauge = (name: string, help: string, read: (state: DestinationState) => number): void => {
    out.family(name, "gauge", help);
    for (const state of states) out.sample(name, { exporter: state.name }, read(state));
  };
  gauge("otelcol_exporter_queue_size", "Bytes in the queue.", (state) => state.queueBytes);
  gauge("otelcol_exporter_queue_capacity", "Bytes the queue can hold.", (state) => state.queueCapacityBytes);
  for (const [trigger, name] of [
    ["size", "batch_size"],
    ["timeout", "timeout"],
  ] as const) {
    const family = `otelcol_processor_batch_${name}_trigger_send_total`;
    out.family(family, "counter", `Batches sent by their ${trigger === "size" ? "size" : "age"}.`);
    for (const state of states) out.sample(family, { processor: state.name }, state.flushes[trigger]);
  }
  const items = { traces: "spans", metrics: "metric_points", logs: "log_records" } as const;
  const count = (what: string, help: string, read: (row: LedgerRow) => number): void => {
    for (const [signal, unit] of Object.entries(items)) {
      const name = `otelcol_exporter_${what}_${unit}_total`;
      out.family(name, "counter", help);
      for (const row of rows) if (row.signal === signal) out.sample(name, { exporter: row.destination }, read(row));
    }
  };
  count("sent", "Items the destination took.", (row) => row.exported);
  count("send_failed", "Items that were given up, or that the destination refused.", (row) => {
    return row.refusedByPeer + row.dropped["retry-expired"] + row.dropped.shutdown;
  });
  count("enqueue_failed", "Items that did not fit the queue.", (row) => {
    return row.dropped["queue-full"] + row.dropped["too-large"] + row.turnedAway;
  });
}

export function writePipeline(out: MetricsText, counters: PipelineCounters): void {
  const { observerErrors, spoofedAttributes, filteredSpans, redactedBatches, refusedItems } = counters;
  out.family("tracemend_repaired_spans_total", "counter", "Spans sent with other ids than they came with.");
  out.sample("tracemend_repaired_spans_total", {}, counters.repairedSpans);
  out.family("tracemend_hurried_spans_total", "counter", "Spans sent before repairs of them could be found.");
  out.sample("tracemend_hurried_spans_total", {}, counters.hurriedSpans);
  out.family("tracemend_filtered_spans_total", "counter", "Spans of traces that were filtered, by rule.");
  for (const [rule, spans] of Object.entries(filteredSpans))
    out.sample("tracemend_filtered_spans_total", { rule }, spans);
  out.family("tracemend_redacted_batches_total", "counter", "Batches in which something was redacted.");
  out.sample("tracemend_redacted_batches_total", {}, redactedBatches);
  out.family(
    "tracemend_refused_items_total",
    "counter",
    "Telemetry items turned away before they were taken, by reason.",
  );
  for (const [reason, items] of Object.entries(refusedItems))
    out.sample("tracemend_refused_items_total", { reason }, items);
  out.family(
    "tracemend_spoofed_attributes_total",
    "counter",
    "Stamped resource attributes that a sender had set itself.",
  );
  out.sample("tracemend_spoofed_attributes_total", {}, spoofedAttributes);
  out.family("tracemend_observer_errors_total", "counter", "Times that the diagnosis failed on a batch of spans.");
  out.sample("tracemend_observer_errors_total", {}, observerErrors);
}

export function writeFindings(out: MetricsText, counts: readonly FindingsCount[]): void {
  const name = "tracemend_findings_total";
  out.family(name, "counter", "Log records and gauges of what was found, sent as telemetry of our own.");
  for (const { finding, sent, dropped } of counts) {
    out.sample(name, { finding, state: "sent" }, sent);
    out.sample(name, { finding, state: "dropped" }, dropped);
  }
}

export function writeRepairs(out: MetricsText, counts: readonly RepairCount[]): void {
  const name = "tracemend_repairs_total";
  out.family(name, "counter", "Decisions to join a torn trace; decided is a dry run, dropped found no room.");
  for (const { action, reason, state, count } of counts) out.sample(name, { action, reason, state }, count);
}

export function writeLostLines(out: MetricsText, lines: number): void {
  const name = "tracemend_log_lost_lines_total";
  out.family(name, "counter", "Lines of the log and the access log that standard output did not take.");
  out.sample(name, {}, lines);
}

export function writeCrossingIntake(out: MetricsText, { read, malformed }: CrossingIntakeCounts): void {
  out.family("tracemend_crossing_records_total", "counter", "Crossings that services and other borders reported.");
  out.sample("tracemend_crossing_records_total", { result: "read" }, read);
  out.sample("tracemend_crossing_records_total", { result: "malformed" }, malformed);
}

export function writeBreaks(out: MetricsText, { breaks }: Pick<DiagnosisReport, "breaks">): void {
  out.family("tracemend_breaks", "gauge", "Requests of the current window whose trace broke, by kind and edge.");
  for (const { kind, edge, count } of breaks) {
    out.sample("tracemend_breaks", { kind, from: edge.from, to: edge.to, hop: edge.hop }, count);
  }
}

/** Collects families in the text exposition format 0.0.4. */
export interface MetricsText {
  family(name: string, type: "counter" | "gauge" | "histogram", help: string): void;
  sample(name: string, labels: Labels, value: number): void;
}

export function createMetricsText(): MetricsText & { toString(): string } {
  const lines: string[] = [];
  return {
    family(name, type, help) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    },
    sample(name, labels, value) {
      const text = Object.entries(labels).map(([key, label]) => `${key}="${escapeLabel(label)}"`);
      lines.push(`${name}${text.length === 0 ? "" : `{${text.join(",")}}`} ${value}`);
    },
    toString: () => `${lines.join("\n")}\n`,
  };
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
