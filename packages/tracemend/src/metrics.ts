/** Our own counters, as Prometheus text. */
import type { Crossing, Observer } from "@tracemend/context";
import type { DiagnosisReport } from "@tracemend/diagnosis";
import type { DestinationState, LedgerRow, PipelineCounters } from "@tracemend/pipeline";

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, string>>;

/** Counts crossings by what was decided and how they ended. */
export interface CrossingCounters extends Observer {
  write(out: MetricsText): void;
}

export function createCrossingCounters(): CrossingCounters {
  const counts = new Map<string, { readonly labels: Labels; count: number }>();
  return {
    crossed(crossing) {
      const labels = labelsOf(crossing);
      const key = Object.values(labels).join("\n");
      const held = counts.get(key);
      if (held === undefined) counts.set(key, { labels, count: 1 });
      else held.count += 1;
    },
    write(out) {
      out.family("tracemend_crossings_total", "counter", "Requests that crossed a boundary, by verdict and outcome.");
      for (const { labels, count } of counts.values()) out.sample("tracemend_crossings_total", labels, count);
    },
  };
}

/** Closed sets and configured names only: nothing a peer sends may add a series. */
function labelsOf({ boundary, verdict, status, failure }: Crossing): Labels {
  return {
    boundary,
    action: verdict.action,
    reason: verdict.reason,
    parent: verdict.ownParent ? "own" : "inbound",
    status: status === undefined ? "none" : `${Math.floor(status / 100)}xx`,
    failure: failure?.side ?? "none",
  };
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
    out.sample(name, { ...labels, state: "sampled_out" }, row.sampledOut);
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

export function writeDestinations(out: MetricsText, states: readonly DestinationState[]): void {
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

export function writePipeline(out: MetricsText, { observerErrors, spoofedAttributes }: PipelineCounters): void {
  out.family(
    "tracemend_spoofed_attributes_total",
    "counter",
    "Stamped resource attributes that a sender had set itself.",
  );
  out.sample("tracemend_spoofed_attributes_total", {}, spoofedAttributes);
  out.family("tracemend_observer_errors_total", "counter", "Times that the diagnosis failed on a batch of spans.");
  out.sample("tracemend_observer_errors_total", {}, observerErrors);
}

export function writeBreaks(out: MetricsText, { breaks }: Pick<DiagnosisReport, "breaks">): void {
  out.family("tracemend_breaks", "gauge", "Requests of the current window whose trace broke, by kind and edge.");
  for (const { kind, edge, count } of breaks) {
    out.sample("tracemend_breaks", { kind, from: edge.from, to: edge.to, hop: edge.hop }, count);
  }
}

/** Collects families in the text exposition format 0.0.4. */
export interface MetricsText {
  family(name: string, type: "counter" | "gauge", help: string): void;
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
