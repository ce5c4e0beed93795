/** What the program may keep and show: nothing that redaction takes out; and what the proxy knows of probes. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { startCollector } from "../support/collector.ts";
import { closeAtEnd } from "../support/close-at-end.ts";
import { openProgram } from "../support/opened.ts";
import {
  ledgerUntil,
  metricsUntil,
  post,
  spanOf,
  stringAttribute,
  tracesOf,
  untilReachable,
} from "../support/otlp-client.ts";

async function start(telemetry: string) {
  const upstream = createServer((_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", () => resolve()));
  closeAtEnd(() => new Promise((resolve) => upstream.close(resolve)));
  const collector = await startCollector();
  closeAtEnd(() => collector.close());
  const program = await openProgram(`
cluster: eu-1
boundaries:
  - { name: in, side: ingress, listen: "127.0.0.1:0", routes: [{ upstream: service }] }
upstreams: { service: { url: "http://127.0.0.1:${(upstream.address() as AddressInfo).port}" } }
receivers: { otlp_http: { listen: "127.0.0.1:0" } }
destinations: { agent: { endpoint: "http://127.0.0.1:${collector.port}", batch: { max_age_ms: 1 } } }
admin: { listen: "127.0.0.1:0" }
diagnosis: { settle_ms: 0, hard_wait_ms: 100 }
telemetry: ${telemetry}
`);
  await untilReachable(program, "agent");
  return { program, collector };
}

it("a probe that a boundary saw takes its trace with it, also spans that do not tell their route", async () => {
  const { program, collector } = await start("{ filter: { rules: [{ name: probes, routes: [/healthz] }] } }");
  // Unsampled, so that no span of ours tells the route.
  const get = (path: string, id: string): Promise<unknown> =>
    fetch(`${program.url("boundary in")}${path}`, {
      headers: { traceparent: `00-${id.repeat(16)}-${"0a".repeat(8)}-00` },
    });
  await get("/healthz", "01");
  await get("/orders", "02");
  await metricsUntil(program, (text) => text.includes('tracemend_route_requests_total{boundary="in",route="route 0"'));
  const internal = { kind: 1, name: "check the pool" };
  await post(program, "traces", tracesOf("shop", [spanOf(1, 1, internal), spanOf(2, 2, internal)]));
  await ledgerUntil(program, "agent", "traces", ({ exported }) => exported === 1);
  expect(collector.spans.map(({ traceId }) => traceId)).toEqual(["02".repeat(16)]);
  expect((await program.page("/metrics")).text).toContain('tracemend_filtered_spans_total{rule="probes"} 1\n');
});

it("no page of the program shows what is redacted, whether a span or a boundary brought it", async () => {
  const { program, collector } = await start("{ redact: { patterns: [email] } }");
  const secret = "al@x.org";
  for (let request = 0; request < 4; request++) {
    await fetch(`${program.url("boundary in")}/${secret}`);
    const spans = [1, 2].map((span) =>
      spanOf(request + 1, span, {
        name: `GET ${secret}`,
        kind: span + 1,
        attributes: [stringAttribute("url.path", `/${secret}`), stringAttribute("server.address", secret)],
      }),
    );
    await post(program, "traces", tracesOf(`shop of ${secret}`, spans));
  }
  await collector.until((spans) => spans.length >= 12);
  const { text } = await program.page("/diagnostics/breaks");
  expect(text).toContain("shop of ****");
  for (const page of ["/diagnostics/breaks", "/diagnostics/repairs", "/diagnostics/pipeline", "/metrics"])
    expect((await program.page(page)).text).not.toContain(secret);
  expect(collector.spans.filter(({ name, service }) => `${name} ${String(service)}`.includes(secret))).toEqual([]);
});
