/** The program as a gateway that samples: traces kept or dropped whole, counted by policy, none lost by a kill. */
import { expect, it } from "vitest";
import { openFolder, openProgram, openSink } from "../support/opened.ts";
import { ledgerUntil, metricsUntil, post, spanOf, tracesOf } from "../support/otlp-client.ts";
import type { ProgramProcess } from "../support/program.ts";
import type { RecordingSink } from "../support/recording-sink.ts";

async function start(sink: RecordingSink, destination: string): Promise<ProgramProcess> {
  const program = await openProgram(`
cluster: eu-1
receivers: { otlp_http: { listen: "127.0.0.1:0" } }
admin: { listen: "127.0.0.1:0" }
metrics: { collector_names: true }
destinations:
  backend:
    endpoint: ${sink.httpEndpoint}
    protocol: http/protobuf
    batch: { max_age_ms: 1 }
    retry: { initial_interval_ms: 5, max_interval_ms: 10 }
${destination}`);
  return program;
}

/** Base64 as the reference decoder gives it → how many spans of each trace arrived. */
function spansByTrace(sink: RecordingSink): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { message } of sink.received)
    for (const [, id = ""] of JSON.stringify(message).matchAll(/"traceId":"([^"]+)"/g))
      counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

const error = { status: { code: 2 } };

it("keeps traces with an error whole although it comes last, drops the others whole, and says by which policy", async () => {
  const sink = await openSink();
  const program = await start(
    sink,
    `    sample: { kind: tail, decision_wait_ms: 3000, policies: [{ name: errors, type: status_code, status_code: { status_codes: [ERROR] } }] }`,
  );
  for (let part = 1; part <= 3; part++) {
    const spans = Array.from({ length: 40 }, (_, trace) =>
      spanOf(trace + 1, part, part === 3 && trace % 4 === 0 ? error : {}),
    );
    expect((await post(program, "traces", tracesOf("shop", spans))).status).toBe(200);
  }
  const row = await ledgerUntil(
    program,
    "backend",
    "traces",
    ({ exported, sampledOut }) => exported + sampledOut === 120,
  );
  expect(row).toMatchObject({ exported: 30, sampledOut: 90, sampledOutBy: { unmatched: 90 } });
  expect([...spansByTrace(sink).values()]).toEqual(Array.from({ length: 10 }, () => 3));

  expect((await post(program, "traces", tracesOf("shop", [spanOf(1, 9), spanOf(2, 9, error)]))).status).toBe(200);
  await ledgerUntil(program, "backend", "traces", ({ exported }) => exported === 31);
  const { text } = await program.page("/metrics");
  for (const line of [
    'tracemend_otlp_items_total{signal="traces",destination="backend",state="sampled_out",policy="unmatched"} 91',
    'tracemend_sampling_decisions_total{destination="backend",policy="errors",decision="sampled"} 10',
    'tracemend_sampling_late_spans_total{destination="backend",decision="not_sampled"} 1',
    'tracemend_sampling_decision_seconds_count{destination="backend"} 40',
    'tracemend_sampling_traces{destination="backend"} 0',
    'otelcol_processor_tail_sampling_global_count_traces_sampled_total{processor="backend",sampled="false"} 30',
  ])
    expect(text).toContain(`${line}\n`);
});

it("traces that wait for their decision in a queue on disk outlive a kill", async () => {
  const folder = openFolder();
  const sink = await openSink();
  const destination = (waitMs: number): string => `
    queue: { storage: { folder: ${folder}, fsync: always } }
    sample: { kind: tail, decision_wait_ms: ${waitMs}, policies: [
      { name: long, type: span_count, span_count: { min_spans: 2, max_spans: 3 } } ] }`;
  const first = await start(sink, destination(600_000));
  for (let part = 1; part <= 2; part++)
    await post(
      first,
      "traces",
      tracesOf(
        "shop",
        Array.from({ length: 20 }, (_, trace) => spanOf(trace + 1, part)),
      ),
    );
  await metricsUntil(first, (text) => text.includes('tracemend_sampling_traces{destination="backend"} 20\n'));
  first.signal("SIGKILL");
  await first.ended;
  expect(sink.attempts).toBe(0);

  const second = await start(sink, destination(2000));
  await ledgerUntil(second, "backend", "traces", ({ recovered, exported }) => recovered === 40 && exported === 40);
  expect([...spansByTrace(sink).values()]).toEqual(Array.from({ length: 20 }, () => 2));
});

it("two programs that keep a tenth keep the same traces, and write down that they did", async () => {
  const bodies: Uint8Array[] = [];
  for (let at = 0; at < 10; at++) {
    const spans = Array.from({ length: 40 }, (_, index) => {
      const traceId = new Uint8Array(16).map(
        (_byte, byte) => ((at * 40 + index + 1) * (byte + 3) * 2_654_435_761) >>> 11,
      );
      return spanOf(1, index + 1, { traceId });
    });
    bodies.push(tracesOf("shop", spans));
  }
  const keep = async (order: readonly Uint8Array[]): Promise<string[]> => {
    const sink = await openSink();
    const program = await start(sink, "    sample: { kind: probabilistic, sampling_percentage: 10 }");
    for (const body of order) await post(program, "traces", body);
    const row = await ledgerUntil(
      program,
      "backend",
      "traces",
      ({ exported, sampledOut }) => exported + sampledOut === 400,
    );
    expect(row.sampledOutBy).toEqual({ probabilistic: row.sampledOut });
    expect(
      JSON.stringify(sink.received.map(({ message }) => message)).match(/"traceState":"ot=th:e666"/g),
    ).toHaveLength(row.exported);
    return [...spansByTrace(sink).keys()].toSorted();
  };
  const kept = await keep(bodies);
  expect(kept.length).toBeGreaterThan(10);
  expect(kept.length).toBeLessThan(80);
  expect(await keep(bodies.toReversed())).toEqual(kept);
});

it("agents that balance by trace id bring each trace to one gateway, which then can keep it whole", async () => {
  const sink = await openSink();
  const gateways: ProgramProcess[] = [];
  for (let gateway = 0; gateway < 2; gateway++)
    gateways.push(
      await start(
        sink,
        `    sample: { kind: tail, decision_wait_ms: 3000, policies: [{ name: errors, type: status_code, status_code: { status_codes: [ERROR] } }] }`,
      ),
    );
  const peers = gateways.map((gateway) => new URL(gateway.url("otlp http")).host);
  const agent = await openProgram(`
cluster: eu-1
receivers: { otlp_http: { listen: "127.0.0.1:0" } }
admin: { listen: "127.0.0.1:0" }
destinations:
  gateways:
    endpoint: http://${peers[0] ?? ""}
    protocol: http/protobuf
    batch: { max_age_ms: 1 }
    balance: { resolver: { kind: static, peers: ${JSON.stringify(peers)} } }
`);
  for (let part = 1; part <= 2; part++) {
    const spans = Array.from({ length: 60 }, (_, trace) =>
      spanOf(trace + 1, part, part === 2 && trace % 3 === 0 ? error : {}),
    );
    expect((await post(agent, "traces", tracesOf("shop", spans))).status).toBe(200);
  }
  await ledgerUntil(agent, "gateways", "traces", ({ exported }) => exported === 120);
  const settled = await Promise.all(
    gateways.map((gateway) =>
      ledgerUntil(
        gateway,
        "backend",
        "traces",
        ({ received, exported, sampledOut }) => received === exported + sampledOut,
      ),
    ),
  );
  expect(settled.map(({ received }) => received > 0)).toEqual([true, true]);
  expect(settled.reduce((sum, { exported }) => sum + exported, 0)).toBe(40);
  expect([...spansByTrace(sink).values()]).toEqual(Array.from({ length: 20 }, () => 2));
});
