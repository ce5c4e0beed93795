/** The OTLP path through the program, one promise after the other: what it takes, what it answers, what it sends. */
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { connect } from "node:tls";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { decodeStatus } from "@tracemend/otlp";
import { describe, expect, it } from "vitest";
import { createAuthority } from "../support/certificates.ts";
import { openProgram, openSink } from "../support/opened.ts";
import {
  call,
  ledgerOf,
  ledgerUntil,
  logsOf,
  metricsOf,
  metricsUntil,
  post,
  spanOf,
  stringAttribute,
  tracesOf,
} from "../support/otlp-client.ts";
import { decodeRequest, decodeResponse, encodeRequest } from "../support/otlp-reference.ts";
import type { ProgramProcess } from "../support/program.ts";
import type { RecordingSink } from "../support/recording-sink.ts";

const inside = `
cluster: eu-1
admin: { listen: "127.0.0.1:0" }
shutdown: { drain_ms: 1000, flush_ms: 200 }
`;
const http = `receivers: { otlp_http: { listen: "127.0.0.1:0" } }`;
const quick = "batch: { max_age_ms: 1 }, retry: { initial_interval_ms: 5, max_interval_ms: 10 }";
const to = (sink: RecordingSink, more = ""): string =>
  `destinations: { a: { endpoint: "${sink.httpEndpoint}", protocol: http/protobuf, ${quick}${more} } }`;

const start = (config: string, files?: Readonly<Record<string, string>>): Promise<ProgramProcess> =>
  openProgram(`${inside}\n${config}`, files);

const spans = (count: number, more: object = {}): object[] =>
  Array.from({ length: count }, (_, index) => spanOf(index + 1, index + 1, more));

describe("what is received", () => {
  it("is read plain, packed with gzip or zstd, as JSON and over gRPC, and answered in kind", async () => {
    const sink = await openSink();
    const listen = `receivers: { otlp_http: { listen: "127.0.0.1:0" }, otlp_grpc: { listen: "127.0.0.1:0" } }`;
    const program = await start(`${listen}\n${to(sink)}`);
    const body = tracesOf("shop", spans(2));
    expect((await post(program, "traces", body)).status).toBe(200);
    expect((await post(program, "traces", gzipSync(body), { "content-encoding": "gzip" })).status).toBe(200);
    expect((await post(program, "traces", zstdCompressSync(body), { "content-encoding": "zstd" })).status).toBe(200);
    const json = JSON.stringify({
      resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "0A".repeat(16), spanId: "0b".repeat(8), name: "j" }] }] }],
    });
    const reply = await post(program, "traces", Buffer.from(json), { "content-type": "application/json" });
    expect([reply.status, reply.headers["content-type"], reply.body.toString()]).toEqual([
      200,
      "application/json",
      "{}",
    ]);
    const path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    expect((await call(program, path, metricsOf(3)))["grpc-status"]).toBe("0");
    await ledgerUntil(program, "a", "traces", ({ exported }) => exported === 7);
    await ledgerUntil(program, "a", "metrics", ({ exported }) => exported === 3);
    expect([sink.items("traces"), sink.items("metrics")]).toEqual([7, 3]);
  });

  it("is refused record by record, and as a whole when it is too large after decompression", async () => {
    const sink = await openSink();
    const program = await start(
      `receivers: { max_request_bytes: 100000, otlp_http: { listen: "127.0.0.1:0" }, otlp_grpc: { listen: "127.0.0.1:0" } }\n${to(sink)}`,
    );
    const bad = { traceId: new Uint8Array(7).fill(1) };
    const reply = await post(program, "traces", tracesOf("shop", [...spans(3), spanOf(9, 9, bad)]));
    expect(reply.status).toBe(200);
    expect(decodeResponse("traces", reply.body)).toMatchObject({ partialSuccess: { rejectedSpans: "1" } });
    await ledgerUntil(program, "a", "traces", ({ exported }) => exported === 3);

    const bomb = gzipSync(Buffer.alloc(10_000_000));
    expect((await post(program, "traces", bomb, { "content-encoding": "gzip" })).status).toBe(413);
    const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    const refused = await call(program, path, tracesOf("shop", spans(1, { name: "x".repeat(200_000) })));
    expect(refused["grpc-status"]).toBe("8");
    expect(refused["grpc-status-details-bin"]).toBeUndefined();
    expect(sink.items("traces")).toBe(3);
  });

  it("is counted by what senders were answered, also those that came to the wrong port", async () => {
    const sink = await openSink();
    const program = await start(
      `receivers: { bearer_tokens: [s3cret], otlp_http: { listen: "127.0.0.1:0" }, otlp_grpc: { listen: "127.0.0.1:0" } }\n${to(sink)}`,
    );
    const known = { authorization: "Bearer s3cret" };
    const bad = { traceId: new Uint8Array(7).fill(1) };
    expect((await post(program, "traces", tracesOf("shop", [spanOf(1, 1), spanOf(9, 9, bad)]), known)).status).toBe(
      200,
    );
    expect((await post(program, "traces", tracesOf("shop", spans(1)))).status).toBe(401);
    expect((await post(program, "traces", Buffer.from("no"), known)).status).toBe(400);
    const socket = connectTcp(Number(new URL(program.url("otlp grpc")).port), "127.0.0.1");
    socket.resume().on("error", () => {});
    socket.write("POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    await new Promise((resolve) => socket.once("close", resolve));
    const session = connectHttp2(program.url("otlp http"));
    session.on("error", () => {});
    await new Promise((resolve) => session.once("close", resolve));
    const of = (receiver: string, result: string): string =>
      `tracemend_receiver_requests_total{receiver="${receiver}",result="${result}"} 1`;
    const expected = [
      of("otlp http", "partial"),
      of("otlp http", "unauthenticated"),
      of("otlp http", "invalid"),
      of("otlp http", "misdirected"),
      of("otlp grpc", "misdirected"),
      'tracemend_receiver_rejected_items_total{receiver="otlp http"} 1',
    ];
    const { text } = await program.page("/metrics");
    expect(text.split("\n")).toEqual(expect.arrayContaining(expected));
  });

  it("is turned away with a time to come back, over HTTP and over gRPC, when the queue is full", async () => {
    const program = await start(`
receivers: { otlp_http: { listen: "127.0.0.1:0" }, otlp_grpc: { listen: "127.0.0.1:0" } }
destinations: { a: { endpoint: "http://127.0.0.1:9", queue: { max_bytes: 4000 } } }`);
    let reply = await post(program, "logs", logsOf(["first"]));
    for (let tries = 0; reply.status === 200 && tries < 10; tries++)
      reply = await post(program, "logs", logsOf(["more"]));
    expect(reply.status).toBe(503);
    expect(Number(reply.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    const path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    const fields = await call(program, path, logsOf(["again"]));
    expect(fields["grpc-status"]).toBe("14");
    const details = decodeStatus(Buffer.from(String(fields["grpc-status-details-bin"]), "base64"));
    expect(details).toMatchObject({ kind: "status", status: { retryAfterMs: expect.any(Number) } });
    expect((await ledgerOf(program))[0]).toMatchObject({ turnedAway: 2 });
  });

  it("goes from program to program with certificates on both sides, a token, and zstd", async () => {
    const authority = await createAuthority();
    const server = await authority.issue(["127.0.0.1"]);
    const client = await authority.issue(["agent"]);
    const sink = await openSink();
    const pem = { "ca.pem": authority.ca };
    const gateway = await start(
      `receivers: { bearer_tokens: [s3cret], otlp_grpc: { listen: "127.0.0.1:0", tls: { cert_file: s.pem, key_file: s.key, client_ca_file: ca.pem } } }
${to(sink, ", compression: zstd")}`,
      { ...pem, "s.pem": server.cert, "s.key": server.key },
    );
    const port = Number(new URL(gateway.url("otlp grpc")).port);
    const agentOf = (token: string): Promise<ProgramProcess> =>
      start(
        `${http}\ndestinations: { gateway: { endpoint: "https://127.0.0.1:${port}", compression: zstd, ${quick}, headers: { authorization: "Bearer ${token}" }, tls: { ca_file: ca.pem, cert_file: c.pem, key_file: c.key } } }`,
        { ...pem, "c.pem": client.cert, "c.key": client.key },
      );
    const [known, stranger] = [await agentOf("s3cret"), await agentOf("guessed")];
    // Packed another way than it is sent on.
    const body = gzipSync(tracesOf("shop", spans(5)));
    for (const agent of [known, stranger])
      expect((await post(agent, "traces", body, { "content-encoding": "gzip" })).status).toBe(200);
    await ledgerUntil(known, "gateway", "traces", ({ exported }) => exported === 5);
    await ledgerUntil(stranger, "gateway", "traces", ({ refusedByPeer }) => refusedByPeer === 5);
    await ledgerUntil(gateway, "a", "traces", ({ exported }) => exported === 5);
    // An HTTP/2 server speaks first, to whom it lets in.
    const greeted = (tls: object): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connect({ host: "127.0.0.1", port, ALPNProtocols: ["h2"], ca: authority.ca, ...tls });
        socket.on("error", () => {}).on("close", () => resolve(false));
        socket.once("data", () => {
          resolve(true);
          socket.destroy();
        });
      });
    expect([await greeted(client), await greeted({})]).toEqual([true, false]);
    expect(sink.items("traces")).toBe(5);
    expect(sink.received[0]?.headers["content-encoding"]).toBe("zstd");
  });

  it("as profiles goes on byte by byte, whatever is in it", async () => {
    const sink = await openSink();
    const program = await start(`${http}\nresource: { cloud.region: eu-1 }\n${to(sink)}`);
    const body = Buffer.from("0a021a00120812066a6f696e6564", "hex");
    expect((await post(program, "profiles", body)).status).toBe(200);
    await sink.until(({ received }) => received.length === 1);
    expect(sink.received[0]?.signal).toBe("profiles");
    expect(Buffer.from(sink.received[0]?.bytes ?? [])).toEqual(body);
  });
});

describe("what is sent", () => {
  it("is cut in two until it fits the peer", async () => {
    const sink = await openSink();
    sink.answer(({ items }) => ({ kind: items > 10 ? "too-large" : "accept" }));
    const program = await start(`${http}\n${to(sink)}`);
    await post(program, "traces", tracesOf("shop", spans(100)));
    const row = await ledgerUntil(program, "a", "traces", ({ exported }) => exported === 100);
    expect(row).toMatchObject({ refusedByPeer: 0 });
    expect(Math.max(...sink.received.map(({ items }) => items))).toBeLessThanOrEqual(10);
  });

  it("loses one record for which a peer refuses the whole, and tells of partial successes", async () => {
    const sink = await openSink();
    sink.answer(({ message }) =>
      JSON.stringify(message).includes("poison") ? { kind: "refuse", message: "no" } : { kind: "accept" },
    );
    const program = await start(`${http}\n${to(sink)}`);
    await post(
      program,
      "logs",
      logsOf([...Array.from({ length: 60 }, (_, index) => `log ${index}`), "poison", "last"]),
    );
    const row = await ledgerUntil(
      program,
      "a",
      "logs",
      ({ exported, refusedByPeer }) => exported + refusedByPeer === 62,
    );
    expect(row).toMatchObject({ exported: 61, refusedByPeer: 1 });

    sink.answer({ kind: "partial", rejected: 2, message: "two of them" });
    await post(program, "traces", tracesOf("shop", spans(5)));
    const traces = await ledgerUntil(
      program,
      "a",
      "traces",
      ({ exported, refusedByPeer }) => exported + refusedByPeer === 5,
    );
    expect(traces).toMatchObject({ exported: 3, refusedByPeer: 2 });
    expect((await program.page("/metrics")).text).toContain(
      'tracemend_otlp_items_total{signal="traces",destination="a",state="refused_by_peer"} 2\n',
    );
  });

  it("goes again no sooner than the peer asks", async () => {
    const sink = await openSink();
    const times: number[] = [];
    sink.answer(() => {
      times.push(performance.now());
      return times.length === 1 ? { kind: "throttle", retryAfterSeconds: 1 } : { kind: "accept" };
    });
    const program = await start(
      `${http}\n${to(sink).replace(sink.httpEndpoint, sink.grpcEndpoint).replace("http/protobuf", "grpc")}`,
    );
    await post(program, "traces", tracesOf("shop", spans(1)));
    await ledgerUntil(program, "a", "traces", ({ exported }) => exported === 1);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it("is stamped, and goes to a new tier for a share of all services, each always on one side", async () => {
    const [old, next] = [await openSink(), await openSink()];
    const destination = (sink: RecordingSink): string =>
      `{ endpoint: "${sink.httpEndpoint}", protocol: http/protobuf, ${quick} }`;
    const program = await start(`${http}
resource: { cloud.region: eu-1 }
telemetry: { routes: [{ share: 0.2, destinations: [next] }, { destinations: [old] }] }
destinations: { old: ${destination(old)}, next: ${destination(next)} }`);
    const services = Array.from({ length: 100 }, (_, index) => `service ${index}`);
    for (const service of [...services, ...services]) {
      const attributes = [stringAttribute("service.name", service), stringAttribute("cloud.region", "moon")];
      const resourceSpans = [{ resource: { attributes }, scopeSpans: [{ spans: spans(1) }] }];
      expect((await post(program, "traces", encodeRequest("traces", { resourceSpans }))).status).toBe(200);
    }
    const rows = async (): Promise<number> =>
      (await ledgerOf(program)).reduce((sum, { exported }) => sum + exported, 0);
    while ((await rows()) < 200);
    const servicesIn = (sink: RecordingSink): string[] =>
      sink.received.flatMap(({ bytes }) =>
        [...JSON.stringify(decodeRequest("traces", bytes)).matchAll(/"stringValue":"(service \d+)"/g)].map(
          (match) => match[1] ?? "",
        ),
      );
    const [left, moved] = [new Set(servicesIn(old)), new Set(servicesIn(next))];
    expect(left.size + moved.size).toBe(100);
    expect(moved.size).toBeGreaterThan(8);
    expect(moved.size).toBeLessThan(35);
    expect(Buffer.concat([...old.received, ...next.received].map(({ bytes }) => bytes)).includes("moon")).toBe(false);
    expect((await program.page("/metrics")).text).toContain("tracemend_spoofed_attributes_total 200\n");
  });
});

it.each([
  ["basic", false, false],
  ["normal", true, false],
  ["detailed", true, true],
] as const)("metrics of level %s", async (level, normal, detailed) => {
  const sink = await openSink();
  const program = await start(`metrics: { level: ${level}, collector_names: true }\n${http}\n${to(sink)}`);
  await post(program, "traces", tracesOf("shop", spans(5)));
  await ledgerUntil(program, "a", "traces", ({ exported }) => exported === 5);
  const text = await metricsUntil(program, (one) => one.includes('state="exported"} 5'));
  for (const line of [
    'otelcol_exporter_queue_size{exporter="a"} 0',
    'otelcol_exporter_queue_capacity{exporter="a"} 67108864',
    'otelcol_exporter_sent_spans_total{exporter="a"} 5',
    'tracemend_queue_capacity_bytes{destination="a"} 67108864',
  ])
    expect(text).toContain(`${line}\n`);
  expect(text.includes("tracemend_batch_flushes_total{")).toBe(normal);
  expect(text.includes('tracemend_batch_items_sum{destination="a"} 5')).toBe(detailed);
});
