import { fieldValues } from "@tracemend/context";
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

interface Bench {
  readonly program: ProgramProcess;
  readonly upstream: RecordingUpstream;
  readonly shadow: RecordingUpstream;
  readonly collector: Collector;
}

async function bench(queueBytes: number): Promise<Bench> {
  const upstream = await startUpstream();
  const shadow = await startUpstream();
  const collector = await startCollector();
  closeAtEnd(() => upstream.close());
  closeAtEnd(() => shadow.close());
  closeAtEnd(() => collector.close());
  const program = await openProgram(`
cluster: eu-1
boundaries:
  - name: out
    side: egress
    listen: "127.0.0.1:0"
    routes: [{ name: all, upstream: service, mirror: { upstream: shadow, host_suffix: -shadow } }]
upstreams:
  service: { url: "${upstream.url}" }
  shadow: { url: "${shadow.url}" }
destinations:
  agent:
    endpoint: http://127.0.0.1:${collector.port}
    batch: { max_age_ms: 20 }
    queue: { max_bytes: ${queueBytes} }
    retry: { initial_interval_ms: 50, max_interval_ms: 100 }
access_log: { format: json }
shutdown: { drain_ms: 1000, flush_ms: 1000 }
admin: { listen: "127.0.0.1:0" }
`);
  await untilReachable(program, "agent");
  return { program, upstream, shadow, collector };
}

/** The contexts with which one request and its copy arrived. */
async function call({ program, upstream, shadow }: Bench): Promise<{ request: string; copy: string }> {
  const before = shadow.heads.length;
  const response = await fetch(`${program.url("boundary out")}/things`, {
    headers: { traceparent: `00-${TRACE}-${PARENT}-01` },
  });
  expect([response.status, await response.text()]).toEqual([200, "ok"]);
  await expect.poll(() => shadow.heads.length, { timeout: 20_000 }).toBe(before + 1);
  const [copy = "", ...more] = shadow.lastTraceparents();
  expect(more).toEqual([]);
  return { request: upstream.lastTraceparents()[0] ?? "", copy };
}

const parentIn = (traceparent: string) => traceparent.split("-")[2];

describe("a mirrored request", () => {
  it("is a CLIENT span of its own beside that of the request, and told apart in log and metrics", async () => {
    const all = await bench(1_000_000);
    const said = all.program.said("mirror");
    const { request, copy } = await call(all);
    const ids = [parentIn(request), parentIn(copy)];
    expect(new Set([PARENT, ...ids]).size).toBe(3);
    await all.collector.until((spans) => ids.every((id) => spans.some(({ spanId }) => spanId === id)));
    const [client, copied] = ids.map((id) => all.collector.spans.find(({ spanId }) => spanId === id));
    expect(copied).toMatchObject({ kind: 3, traceId: TRACE, parentSpanId: client?.parentSpanId });
    expect(fieldValues(all.shadow.heads[0] ?? [], "host")[0]).toMatch(/^127\.0\.0\.1-shadow:\d+$/);
    expect(await said).toMatchObject({
      boundary: "out",
      route: "all",
      upstream: "shadow",
      status: 200,
      trace_id: TRACE,
    });
    const { text } = await all.program.page("/metrics");
    expect(text).toContain(
      'tracemend_mirrored_requests_total{boundary="out",route="all",upstream="shadow",outcome="answered"} 1',
    );
    expect(text).toContain('tracemend_route_requests_total{boundary="out",route="all",status="2xx",failure="none"} 1');
  });

  it("is recorded by nobody when its span could not be exported: destination down, or queue full", async () => {
    const down = await bench(1_000_000);
    await down.collector.close();
    await untilReachable(down.program, "agent", false);
    const { request, copy } = await call(down);
    expect(request).toBe(`00-${TRACE}-${PARENT}-01`);
    expect(copy).toMatch(new RegExp(`^00-${TRACE}-(?!${PARENT})[0-9a-f]{16}-00$`));

    const full = await bench(40_000);
    full.collector.answer = { kind: "busy", retryAfterMs: 2_000 };
    const copies: string[] = [];
    for (let calls = 0; calls < 40; calls += 1) copies.push((await call(full)).copy);
    expect(copies.slice(-5).every((one) => one.endsWith("-00"))).toBe(true);
    const own = copies.filter((one) => one.endsWith("-01")).map(parentIn);
    expect(own.length).toBeLessThan(40);
    full.collector.answer = { kind: "accepted" };
    await full.collector.until((spans) => own.every((id) => spans.some(({ spanId }) => spanId === id)));
  });
});
