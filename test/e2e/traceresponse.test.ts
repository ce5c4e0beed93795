import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { encodeSpans } from "@tracemend/otlp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Collector } from "../support/collector.ts";
import { startCollector } from "../support/collector.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";

const PATIENT = { timeout: 20_000, interval: 200 };
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceId = randomBytes(16).toString("hex");
const spanId = randomBytes(8).toString("hex");

let service: Server;
let collector: Collector;
let program: ProgramProcess;
beforeAll(async () => {
  service = createServer((_request, response) =>
    response.writeHead(200, { traceresponse: `00-${traceId}-${spanId}-01` }).end("ok"),
  );
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  collector = await startCollector();
  program = await startProgram(`
cluster: eu-1
boundaries:
  - name: in
    side: ingress
    listen: "127.0.0.1:0"
    routes: [{ upstream: shop, traceresponse: [traceresponse, server-timing] }]
upstreams: { shop: { url: "http://127.0.0.1:${(service.address() as AddressInfo).port}" } }
receivers: { otlp_http: { listen: "127.0.0.1:0" } }
destinations: { agent: { endpoint: "http://127.0.0.1:${collector.port}", batch: { max_age_ms: 20 } } }
diagnosis: { settle_ms: 200, hard_wait_ms: 2000 }
admin: { listen: "127.0.0.1:0" }
`);
});
afterAll(async () => {
  await program.stop();
  await collector.close();
  service.closeAllConnections();
  service.close();
});

/** The root that the service began in place of the trace it was given. */
async function exportRoot(): Promise<void> {
  const nowMs = Date.now();
  const times = { startMs: nowMs - 5, endMs: nowMs };
  const root = {
    traceId,
    spanId,
    tracestate: "",
    flags: 1,
    name: "GET",
    kind: "server",
    ...times,
    attributes: {},
  } as const;
  const { parts } = encodeSpans({ "service.name": "shop" }, { name: "test", version: "1" }, [root]);
  const headers = { "content-type": "application/x-protobuf" };
  const body = Buffer.concat(parts);
  expect((await fetch(`${program.url("otlp http")}/v1/traces`, { method: "POST", headers, body })).status).toBe(200);
}

describe("a service whose answer names another trace than it was given", () => {
  it("is told so on the page, and its caller of our own span, which is exported", async () => {
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
    const asked = async () => (await fetch(program.url("boundary in"), { headers })).headers.get("traceresponse");
    // Until the destination was reached once, no span of ours is accepted.
    await expect.poll(asked, PATIENT).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    const answer = await fetch(program.url("boundary in"), { headers });
    const ours = answer.headers.get("traceresponse")?.slice(36, 52);
    expect(answer.headers.get("server-timing")).toBe(`traceparent;desc="00-${TRACE}-${ours}-01"`);
    await collector.until((spans) => spans.some((span) => span.spanId === ours && span.kind === 2));

    await exportRoot();
    const breaks = async (): Promise<string> => (await program.page("/diagnostics/breaks")).text;
    await expect
      .poll(breaks, PATIENT)
      .toContain("got an answer that names another trace (traceresponse, Server-Timing)");
    expect(await breaks()).toContain(traceId);
  });
});
