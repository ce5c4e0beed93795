import { describe, expect, it } from "vitest";
import type { Collector } from "../support/collector.ts";
import { startCollector } from "../support/collector.ts";
import { closeAtEnd } from "../support/close-at-end.ts";
import { openProgram } from "../support/opened.ts";
import { untilReachable } from "../support/otlp-client.ts";
import type { ProgramProcess } from "../support/program.ts";
import type { RecordingUpstream } from "../support/upstream.ts";
import { startUpstream } from "../support/upstream.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const INBOUND = `00-${TRACE}-${PARENT}-01`;

interface Bench {
  readonly program: ProgramProcess;
  readonly upstream: RecordingUpstream;
  readonly collector: Collector;
}

async function bench(queueBytes: number): Promise<Bench> {
  const upstream = await startUpstream();
  const collector = await startCollector();
  closeAtEnd(() => upstream.close());
  closeAtEnd(() => collector.close());
  const program = await openProgram(`
cluster: eu-1
resource: { k8s.cluster.name: eu-1 }
boundaries:
  - { name: out, side: egress, listen: "127.0.0.1:0", routes: [{ upstream: service }] }
upstreams:
  service: { url: "${upstream.url}" }
destinations:
  agent:
    endpoint: http://127.0.0.1:${collector.port}
    batch: { max_age_ms: 20 }
    queue: { max_bytes: ${queueBytes} }
    retry: { initial_interval_ms: 50, max_interval_ms: 100 }
shutdown: { drain_ms: 1000, flush_ms: 1000 }
admin: { listen: "127.0.0.1:0" }
`);
  await untilReachable(program, "agent");
  return { program, upstream, collector };
}

/** The parent id that the upstream saw; fails where the request did. */
async function call({ program, upstream }: Bench): Promise<string> {
  const response = await fetch(`${program.url("boundary out")}/things`, { headers: { traceparent: INBOUND } });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("ok");
  const values = upstream.lastTraceparents();
  expect(values).toHaveLength(1);
  const [version, traceId, parentId] = (values[0] as string).split("-");
  expect([version, traceId]).toEqual(["00", TRACE]);
  return parentId as string;
}

describe("the parent id that leaves", () => {
  it("is that of an exported span, or the one that came in when the destination is gone, and changes back", async () => {
    const all = await bench(1_000_000);
    const own: string[] = [];
    for (let calls = 0; calls < 5; calls += 1) own.push(await call(all));
    expect(own).not.toContain(PARENT);
    await all.collector.until((spans) => own.every((id) => spans.some((span) => span.spanId === id)));

    await all.collector.close();
    await untilReachable(all.program, "agent", false);
    const gone: string[] = [];
    for (let calls = 0; calls < 5; calls += 1) gone.push(await call(all));
    expect(gone).toEqual(Array.from({ length: 5 }, () => PARENT));

    const back = await startCollector(all.collector.port);
    closeAtEnd(() => back.close());
    await untilReachable(all.program, "agent");
    const again = await call(all);
    expect(again).not.toBe(PARENT);
    await back.until((spans) => spans.some((span) => span.spanId === again));
    const span = back.spans.find((one) => one.spanId === again);
    expect(span).toMatchObject({ kind: 3, traceId: TRACE, service: "tracemend", cluster: "eu-1" });
  });

  it("is the one that came in when the queue has no room", async () => {
    const all = await bench(20_000);
    all.collector.answer = { kind: "busy", retryAfterMs: 60_000 };
    const parents: string[] = [];
    for (let calls = 0; calls < 40; calls += 1) parents.push(await call(all));
    const own = parents.filter((id) => id !== PARENT);
    expect(own.length).toBeLessThan(40);
    expect(parents.slice(-5)).toEqual(Array.from({ length: 5 }, () => PARENT));
    const { text } = await all.program.page("/metrics");
    expect(text).toContain('parent="inbound"');
    expect(text).toMatch(/tracemend_queue_bytes\{destination="agent"\} [1-9]/);
  });

  it("leaves an unsampled trace as it is", async () => {
    const all = await bench(1_000_000);
    const headers = { traceparent: `00-${TRACE}-${PARENT}-00`, tracestate: "a=1" };
    await (await fetch(`${all.program.url("boundary out")}/`, { headers })).text();
    expect(all.upstream.lastTraceparents()).toEqual([`00-${TRACE}-${PARENT}-00`]);
  });
});
