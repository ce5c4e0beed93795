import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { boundary as expressBoundary } from "@tracemend/express";
import { boundary as honoBoundary } from "@tracemend/hono";
import { createCrossingExport } from "@tracemend/outbound/crossings";
import type { CrossingExport } from "@tracemend/outbound/crossings";
import type { Collector } from "../support/collector.ts";
import { startCollector } from "../support/collector.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";
import { TRACEPARENT } from "../support/service.ts";

const CUT = TRACEPARENT.slice(0, 40);

const configOf = (receivers = ""): string => `
cluster: eu-1
receivers: { ${receivers}otlp_http: { listen: "127.0.0.1:0" } }
destinations: { agent: { endpoint: "http://127.0.0.1:${collector.port}" } }
admin: { listen: "127.0.0.1:0" }
`;

let collector: Collector;
let program: ProgramProcess;
beforeAll(async () => {
  collector = await startCollector();
  program = await startProgram(configOf());
});
afterAll(async () => {
  await program.stop();
  await collector.close();
});

/** By the environment alone, as a deployment says it. */
const exportOf = (service: string): CrossingExport =>
  createCrossingExport({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: program.url("otlp http"), OTEL_SERVICE_NAME: service },
  });

interface Found {
  readonly kind: string;
  readonly edge: { readonly from: string; readonly to: string };
  readonly count: number;
}

async function breaksAt(service: string): Promise<readonly Found[]> {
  const { text } = await program.page("/diagnostics/breaks");
  return (JSON.parse(text) as { readonly breaks: readonly Found[] }).breaks.filter(({ edge }) => edge.to === service);
}

describe("a service without a tracing SDK, beside a program that never saw its requests", () => {
  it("by Express: what it reports shows the break, and is no log for the destinations", async () => {
    const crossings = exportOf("shop");
    const app = express().use(
      expressBoundary({ boundary: { name: "shop", cluster: "eu-1" }, observer: crossings }),
      (_request, response) => void response.end(),
    );
    const server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    for (let at = 0; at < 12; at += 1) {
      const headers = { traceparent: at < 4 ? TRACEPARENT : CUT };
      const sent = request({ port, host: "127.0.0.1", headers, agent: false }).end();
      const [answer] = await once(sent, "response");
      answer.resume();
      await once(sent, "close");
    }
    server.close();
    await once(server, "close");
    await crossings.close();
    expect(crossings.counts()).toMatchObject({ told: 12, delivered: 12 });
    expect(await breaksAt("shop")).toMatchObject([{ kind: "malformed-traceparent", count: 8 }]);
    expect(collector.items["logs"]).toBeUndefined();
    expect((await program.page("/metrics")).text).toContain('tracemend_crossing_records_total{result="read"} 12\n');
  });

  it("by Hono as a worker: the worker waits for its report", async () => {
    const app = new Hono().use(
      honoBoundary({ boundary: { name: "edge", cluster: "eu-1" }, observer: exportOf("edge") }),
    );
    const waited: Promise<unknown>[] = [];
    const context = {
      waitUntil: (work: Promise<unknown>) => void waited.push(work),
      passThroughOnException() {},
      props: {},
    };
    for (let at = 0; at < 6; at += 1)
      await app.fetch(new Request("http://edge/", { headers: { traceparent: CUT } }), {}, context);
    expect(waited).toHaveLength(1);
    await Promise.all(waited);
    expect(await breaksAt("edge")).toMatchObject([{ kind: "malformed-traceparent", count: 6 }]);
  });
});

it("a program that is told to forwards what is reported to the destinations of logs too", async () => {
  const forwarding = await startProgram(configOf("forward_crossings: true, "));
  try {
    const crossings = createCrossingExport({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: forwarding.url("otlp http") } });
    const app = new Hono().use(honoBoundary({ boundary: { name: "kept", cluster: "eu-1" }, observer: crossings }));
    await app.request("/", { headers: { traceparent: CUT } });
    await crossings.close();
    const { text } = await forwarding.page("/diagnostics/breaks");
    expect(text).toContain('"malformed-traceparent"');
  } finally {
    await forwarding.stop();
  }
  expect(collector.items["logs"]).toBe(1);
});
