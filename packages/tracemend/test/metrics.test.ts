import { describe, expect, it } from "vitest";
import {
  createMetricsText,
  writeBatches,
  writeCollectorAliases,
  writeQueues,
  writeLedger,
  writePipeline,
  writeRefusals,
  writeUpstreams,
} from "../src/metrics.ts";

const none = { bounds: [], counts: [0], sum: 0 };
const measured = { sampling: undefined, batchSizes: { items: none, bytes: none } };

describe("the metrics", () => {
  it("show how the endpoints of each upstream are", () => {
    const text = createMetricsText();
    const endpoints = [
      { address: "a:1", state: "healthy", open: 2 },
      { address: "b:1", state: "ejected", open: 0 },
    ] as const;
    writeUpstreams(text, [{ boundary: "edge", states: [{ name: "catalogue", open: 2, retries: 0, endpoints }] }]);
    const lines = text.toString().split("\n");
    expect(lines).toContain('tracemend_upstream_requests_open{boundary="edge",upstream="catalogue"} 2');
    for (const [state, count] of Object.entries({ healthy: 1, unhealthy: 0, ejected: 1 }))
      expect(lines).toContain(
        `tracemend_upstream_endpoints{boundary="edge",upstream="catalogue",state="${state}"} ${count}`,
      );
  });

  it("count callers that were turned away, by listener and reason", () => {
    const text = createMetricsText();
    const none = { malformed: 0, "head-too-large": 0, "slow-head": 0, "tls-handshake": 0, "http2-error": 0, flood: 0 };
    writeRefusals(text, [{ boundary: "edge", counts: { ...none, "proxy-header": 2, "too-many-connections": 0 } }]);
    expect(text.toString()).toContain('tracemend_refused_callers_total{boundary="edge",reason="proxy-header"} 2\n');
  });

  it("tell of each item what became of it", () => {
    const text = createMetricsText();
    writeLedger(text, [
      {
        signal: "traces",
        destination: "agent",
        received: 10,
        exported: 4,
        dropped: {
          "queue-full": 0,
          "retry-expired": 0,
          "too-large": 0,
          shutdown: 1,
          "disk-full": 0,
          corrupt: 0,
          residency: 0,
        },
        refusedByPeer: 2,
        sampledOut: 0,
        sampledOutBy: {},
        queued: 2,
        inFlight: 1,
        turnedAway: 7,
        recovered: 0,
      },
    ]);
    const lines = text.toString().split("\n");
    expect(lines).toContain('tracemend_otlp_items_total{signal="traces",destination="agent",state="received"} 10');
    expect(lines).toContain(
      'tracemend_otlp_items_total{signal="traces",destination="agent",state="dropped",reason="shutdown"} 1',
    );
    expect(lines).toContain('tracemend_otlp_items_turned_away_total{signal="traces",destination="agent"} 7');
    expect(lines).toContain('tracemend_otlp_items_waiting{signal="traces",destination="agent",state="in_flight"} 1');
  });

  it("escape what could end a label", () => {
    const text = createMetricsText();
    text.sample("x", { name: 'a"b\\c\nd' }, 1);
    expect(text.toString()).toBe('x{name="a\\"b\\\\c\\nd"} 1\n');
  });

  it("show each queue beside its capacity", () => {
    const text = createMetricsText();
    const state = {
      name: "agent",
      region: undefined,
      signals: [],
      reachable: false,
      lastFailure: undefined,
      ...measured,
    };
    writeQueues(text, [
      {
        ...state,
        queueBytes: 5,
        queueCapacityBytes: 10,
        flushes: { size: 3, timeout: 4, close: 0 },
        flushLatenessMs: 250,
      },
    ]);
    expect(text.toString()).toMatch(
      /tracemend_queue_bytes\{destination="agent"\} 5[^]*capacity_bytes\{destination="agent"\} 10[^]*reachable\{destination="agent"\} 0/,
    );
  });
});

describe("the pipeline's counters", () => {
  it("are written by rule and reason", () => {
    const text = createMetricsText();
    writePipeline(text, {
      observerErrors: 1,
      spoofedAttributes: 2,
      filteredSpans: { health: 3 },
      redactedBatches: 4,
      repairedSpans: 7,
      hurriedSpans: 8,
      refusedItems: { memory: 5, stamp: 6 },
    });
    const lines = text.toString().split("\n");
    expect(lines).toContain('tracemend_filtered_spans_total{rule="health"} 3');
    expect(lines).toContain("tracemend_redacted_batches_total 4");
    expect(lines).toContain('tracemend_refused_items_total{reason="memory"} 5');
  });

  it("go by the Collector's names too", () => {
    const text = createMetricsText();
    const state = {
      name: "eu",
      region: undefined,
      signals: [],
      reachable: true,
      lastFailure: undefined,
      ...measured,
    };
    const queue = { queueBytes: 5, queueCapacityBytes: 10, flushLatenessMs: 250 };
    const states = [{ ...state, ...queue, flushes: { size: 3, timeout: 4, close: 0 } }];
    writeCollectorAliases(text, states, []);
    writeBatches(text, states);
    const lines = text.toString().split("\n");
    expect(lines).toContain('otelcol_exporter_queue_size{exporter="eu"} 5');
    expect(lines).toContain('otelcol_exporter_queue_capacity{exporter="eu"} 10');
    expect(lines).toContain('otelcol_processor_batch_batch_size_trigger_send_total{processor="eu"} 3');
    expect(lines).toContain('tracemend_batch_flushes_total{destination="eu",trigger="timeout"} 4');
    expect(lines).toContain('tracemend_batch_lateness_seconds_total{destination="eu"} 0.25');
  });
});
