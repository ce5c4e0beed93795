import { fieldValues } from "@tracemend/context";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Collector } from "../support/collector.ts";
import { startCollector } from "../support/collector.ts";
import { untilReachable } from "../support/otlp-client.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";
import type { RecordingUpstream } from "../support/upstream.ts";
import { startUpstream } from "../support/upstream.ts";

const REQUESTS = 20;

let upstream: RecordingUpstream;
let collector: Collector;
let program: ProgramProcess;
beforeAll(async () => {
  upstream = await startUpstream();
  collector = await startCollector();
  program = await startProgram(`
cluster: eu-1
boundaries:
  - name: in
    side: ingress
    listen: "127.0.0.1:0"
    sampling: { ratio: 0 }
    routes: [{ match: { path: /checkout }, sampling: { ratio: 1 }, upstream: shop }, { upstream: shop }]
upstreams: { shop: { url: "${upstream.url}" } }
destinations: { agent: { endpoint: "http://127.0.0.1:${collector.port}", batch: { max_age_ms: 20 } } }
admin: { listen: "127.0.0.1:0" }
`);
  await untilReachable(program, "agent");
});
afterAll(async () => {
  await program.stop();
  await collector.close();
  await upstream.close();
});

describe("a boundary that records a share of the traces that begin there", () => {
  it("lets the others leave unsampled, sends no span of them, and holds no room for them", async () => {
    for (let count = 0; count < REQUESTS; count += 1)
      expect((await fetch(`${program.url("boundary in")}/browse`)).status).toBe(200);
    expect((await fetch(`${program.url("boundary in")}/checkout`)).status).toBe(200);
    const parents = upstream.heads.map((lines) => fieldValues(lines, "traceparent"));
    expect(parents.every(({ length }) => length === 1)).toBe(true);
    const flags = parents.map(([parent]) => parent?.slice(-2));
    expect(flags).toEqual([...Array<string>(REQUESTS).fill("02"), "03"]);
    expect(new Set(parents.map(([parent]) => parent?.slice(3, 35))).size).toBe(REQUESTS + 1);
    const recorded = parents.at(-1)?.[0]?.slice(3, 35);
    await collector.until((spans) => spans.length === 2);
    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([recorded]));
    const { text } = await program.page("/metrics");
    expect(text).toContain(
      `tracemend_crossings_total{boundary="in",action="start",reason="sampled-out",parent="inbound",status="2xx",failure="none"} ${REQUESTS}`,
    );
  });
});
