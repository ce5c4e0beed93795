/** Breaks as log records and as gauges in OTLP: for whoever keeps logs, draws metrics and sends alerts. */
import type { Attributes, Batch, GaugePoint, GaugeRecord, LogRecord } from "@tracemend/otlp";
import { encodeGauges, encodeLogs } from "@tracemend/otlp";
import type { Break } from "./break.ts";
import type { DiagnosisReport, EdgeState } from "./report.ts";

const SCOPE = { name: "@tracemend/diagnosis", version: "1" };

/** The event name of a break's record. */
export const BREAK_EVENT = "tracemend.break";

/**
 * One record for each break of the report, in the trace of its first example. `resource` says who diagnosed; `atMs` is
 * when. Attributes: `tracemend.break.*`; evidence and alternatives are one sentence a line.
 */
export function breakLogs(resource: Attributes, { breaks }: Pick<DiagnosisReport, "breaks">, atMs: number): Batch {
  return encodeLogs(
    resource,
    SCOPE,
    breaks.map((each) => recordOf(each, atMs)),
  );
}

function recordOf(each: Break, atMs: number): LogRecord {
  const { evidence, alternatives, explanation, remedy, suspects, examples } = each;
  const [example] = examples;
  return {
    eventName: BREAK_EVENT,
    atMs: each.lastSeenMs,
    observedMs: atMs,
    severity: each.traffic === "open" ? "warn" : "info",
    body: explanation,
    attributes: {
      ...labelsOf(each),
      "tracemend.break.traffic": each.traffic,
      "tracemend.break.count": each.count,
      "tracemend.break.of": each.of,
      "tracemend.break.repaired": each.repaired,
      "tracemend.break.confidence": each.confidence,
      "tracemend.break.since": new Date(each.firstSeenMs).toISOString(),
      "tracemend.break.evidence": evidence.join("\n"),
      "tracemend.break.alternatives": alternatives.join("\n"),
      "tracemend.break.suspects": suspects.map(({ hop, share }) => `${Math.round(100 * share)} % ${hop}`).join("\n"),
      "tracemend.break.remedy": remedy.text,
      ...(remedy.snippet === undefined ? {} : { "tracemend.break.remedy.snippet": remedy.snippet }),
      ...(example?.otherTraceId === undefined ? {} : { "tracemend.break.other_trace_id": example.otherTraceId }),
    },
    ...(example === undefined ? {} : { traceId: example.traceId }),
    ...(example?.spanId === undefined ? {} : { spanId: example.spanId }),
  };
}

/** Names of boundaries, clusters, services and addresses: what bounds the tables of the diagnosis bounds the series. */
function labelsOf({ kind, edge }: Break): Attributes {
  return {
    "tracemend.break.kind": kind,
    "tracemend.edge.from": edge.from,
    "tracemend.edge.to": edge.to,
    "tracemend.hop": edge.hop,
  };
}

/** Gauges over the window of the report: breaks, requests of each edge by what became of them, and the ledger. */
export function breakMetrics(resource: Attributes, report: DiagnosisReport, atMs: number): Batch {
  const point = (value: number, attributes: Attributes): GaugePoint => ({ atMs, value, attributes });
  const { breaks, edges, ledger } = report;
  const gauges: readonly GaugeRecord[] = [
    {
      name: "tracemend.break.requests",
      description: "Requests of the window whose trace broke, by kind and edge.",
      unit: "{request}",
      points: breaks.map((each) => point(each.count, labelsOf(each))),
    },
    {
      name: "tracemend.break.share",
      description: "Their share of the requests of which it is known what became of them.",
      unit: "1",
      points: breaks.map((each) => point(each.of === 0 ? 0 : each.count / each.of, labelsOf(each))),
    },
    {
      name: "tracemend.break.confidence",
      description: "How sure it is that the hop is the one.",
      unit: "1",
      points: breaks.map((each) => point(each.confidence, labelsOf(each))),
    },
    {
      name: "tracemend.edge.requests",
      description: "Requests of the window by edge and by what became of the span they are owed.",
      unit: "{request}",
      points: edges.flatMap((edge) => statesOf(edge).map(([state, count]) => point(count, { ...edgeOf(edge), state }))),
    },
    {
      name: "tracemend.diagnosis.ledger",
      description: "Requests since the start by state; observed is the sum of the others.",
      unit: "{request}",
      points: (["observed", "matched", "missing", "waiting", "unobserved", "evicted"] as const).map((state) =>
        point(ledger[state], { state }),
      ),
    },
  ];
  return encodeGauges(
    resource,
    SCOPE,
    gauges.filter(({ points }) => points.length > 0),
  );
}

function edgeOf({ boundary, cluster, upstream, verdict }: EdgeState): Attributes {
  return {
    "tracemend.edge.from": boundary,
    "tracemend.edge.cluster": cluster,
    "tracemend.edge.to": upstream,
    "tracemend.edge.verdict": verdict,
  };
}

function statesOf(edge: EdgeState): readonly (readonly [string, number])[] {
  return [
    ["answered", edge.answered],
    ["missing", edge.missing],
    ["not_observed", edge.notObserved],
    ["forgotten", edge.forgotten],
    ["waiting", edge.waiting],
  ];
}
