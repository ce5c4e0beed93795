import { Server, ServerCredentials, credentials, makeClientConstructor, status } from "@grpc/grpc-js";
import type { Metadata, ServiceDefinition, ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Collector } from "../support/collector.ts";
import { startCollector } from "../support/collector.ts";
import { untilReachable } from "../support/otlp-client.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";
import { rawUnary } from "../support/raw-grpc.ts";

const SHOP: ServiceDefinition = {
  buy: rawUnary("/demo.Shop/Buy"),
};

type Done = (error: Partial<ServiceError> | null, answer?: Buffer) => void;

/** What each call brought, in the order they came. */
const got: { readonly request: string; readonly traceparent: string }[] = [];
const server = new Server();
let collector: Collector;
let program: ProgramProcess;
beforeAll(async () => {
  server.addService(SHOP, {
    buy({ request, metadata }: { request: Buffer; metadata: Metadata }, done: Done) {
      got.push({ request: String(request), traceparent: String(metadata.get("traceparent")[0]) });
      if (got.length === 1) done({ code: status.UNAVAILABLE, details: "not yet" });
      else done(null, request);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  collector = await startCollector();
  program = await startProgram(`
cluster: eu-1
boundaries:
  - { name: in, side: ingress, listen: "127.0.0.1:0", routes: [{ upstream: shop }] }
upstreams:
  shop:
    url: "http://127.0.0.1:${port}"
    protocol: h2
    retry: { tries: 3, grpc_statuses: [14], buffer_bytes: 1000, base_ms: 1 }
destinations:
  agent: { endpoint: "http://127.0.0.1:${collector.port}", batch: { max_age_ms: 20 } }
access_log: { format: json }
admin: { listen: "127.0.0.1:0" }
`);
  await untilReachable(program, "agent");
});
afterAll(async () => {
  await program.stop();
  await collector.close();
  server.forceShutdown();
});

describe("a call that the service cannot take yet", () => {
  it("is made again, each time under a CLIENT span of its own that is exported", async () => {
    const Client = makeClientConstructor(SHOP, "Shop");
    const client = new Client(new URL(program.url("boundary in")).host, credentials.createInsecure());
    const buy = (client as unknown as { buy: (request: Buffer, done: Done) => void }).buy.bind(client);
    const said = program.said("access");
    const answer = await new Promise((resolve, reject) =>
      buy(Buffer.from("tea"), (error, reply) => (error === null ? resolve(String(reply)) : reject(error))),
    );
    client.close();
    expect(answer).toBe("tea");
    expect(got.map(({ request }) => request)).toEqual(["tea", "tea"]);
    expect(await said).toMatchObject({ status: 200, grpc_status: 0, tries: 2, request_bytes: 8 });
    const parents = got.map(({ traceparent }) => traceparent.split("-")[2]);
    expect(new Set(parents).size).toBe(2);
    await collector.until((spans) => parents.every((id) => spans.some(({ spanId }) => spanId === id)));
    const calls = collector.spans.filter(({ kind }) => kind === 3);
    expect(calls.map(({ spanId }) => spanId)).toEqual(parents);
    expect(new Set(calls.map(({ parentSpanId }) => parentSpanId)).size).toBe(1);
    const { text } = await program.page("/metrics");
    const tries = 'tracemend_upstream_tries_total{boundary="in",upstream="shop",status="2xx",failure=';
    expect(text).toContain(`${tries}"upstream"} 1`);
    expect(text).toContain(`${tries}"none"} 1`);
  });
});
