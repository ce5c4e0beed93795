import { Server, ServerCredentials, credentials, makeClientConstructor } from "@grpc/grpc-js";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { OTLPLogExporter as LogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as MetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Collector } from "../support/collector.ts";
import { startCollector } from "../support/collector.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";

let collector: Collector;
let backend: Server;
let program: ProgramProcess;
const seen: string[] = [];

const bytes = { requestSerialize: (value: Buffer) => value, requestDeserialize: (value: Buffer) => value };
const method = { ...bytes, responseSerialize: (value: Buffer) => value, responseDeserialize: (value: Buffer) => value };
const ECHO: ServiceDefinition = {
  unary: { path: "/demo.Echo/Unary", requestStream: false, responseStream: false, ...method },
  chat: { path: "/demo.Echo/Chat", requestStream: true, responseStream: true, ...method },
};

beforeAll(async () => {
  collector = await startCollector();
  backend = new Server();
  backend.addService(ECHO, {
    unary: (
      call: { request: Buffer; metadata: { get(key: string): unknown[] } },
      done: (e: null, v: Buffer) => void,
    ) => {
      seen.push(String(call.metadata.get("traceparent")));
      done(null, call.request);
    },
    chat: (call: NodeJS.ReadWriteStream & { metadata: { get(key: string): unknown[] } }) => {
      seen.push(String(call.metadata.get("traceparent")));
      call.on("data", (data: Buffer) => call.write(data));
      call.on("end", () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    backend.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  program = await startProgram(`
cluster: us-1
resource: { k8s.cluster.name: us-1, cloud.region: us-east-1 }
boundaries:
  - { name: in, side: ingress, listen: "127.0.0.1:0", routes: [{ upstream: echo }] }
upstreams:
  echo: { url: "http://127.0.0.1:${port}", protocol: h2 }
receivers: { otlp_grpc: { listen: "127.0.0.1:0" }, otlp_http: { listen: "127.0.0.1:0" } }
destinations:
  agent: { endpoint: "http://127.0.0.1:${collector.port}", batch: { max_age_ms: 20 } }
metrics: { collector_names: true }
admin: { listen: "127.0.0.1:0" }
`);
});

afterAll(async () => {
  await program.stop();
  backend.forceShutdown();
  await collector.close();
});

describe("an OpenTelemetry SDK with no code of ours", () => {
  it.each([
    ["gRPC", () => new GrpcExporter({ url: program.url("otlp grpc") })],
    ["HTTP/protobuf", () => new HttpExporter({ url: `${program.url("otlp http")}/v1/traces` })],
  ])("exports over %s, and its spans arrive stamped", async (name, exporter) => {
    const provider = new TracerProvider({
      resource: resourceFromAttributes({ "service.name": `sdk ${name}`, "k8s.cluster.name": "a lie" }),
      spanProcessors: [new SimpleSpanProcessor({ exporter: exporter() })],
    });
    const span = provider.getTracer("test").startSpan("work", {}, ROOT_CONTEXT);
    span.end();
    await provider.forceFlush();
    const { spanId } = span.spanContext();
    await collector.until((spans) => spans.some((one) => one.spanId === spanId));
    expect(collector.spans.find((one) => one.spanId === spanId)).toMatchObject({
      service: `sdk ${name}`,
      cluster: "us-1",
      name: "work",
    });
    await provider.shutdown();
    trace.disable();
  });
});

describe("the metrics page", () => {
  it("tells the queue under the Collector's names too where it is asked to", async () => {
    const { text } = await program.page("/metrics");
    expect(text).toMatch(/^otelcol_exporter_queue_capacity\{exporter="agent"\} \d+$/m);
  });
});

describe("metrics and logs of an OpenTelemetry SDK", () => {
  it("arrive as many as were sent", async () => {
    const meters = new MeterProvider({
      readers: [
        new PeriodicExportingMetricReader({
          exporter: new MetricExporter({ url: `${program.url("otlp http")}/v1/metrics` }),
          exportIntervalMillis: 3_600_000,
        }),
      ],
    });
    meters.getMeter("test").createCounter("orders").add(3, { kind: "lamp" });
    await meters.forceFlush();
    const loggers = new LoggerProvider({
      processors: [
        new SimpleLogRecordProcessor({ exporter: new LogExporter({ url: `${program.url("otlp http")}/v1/logs` }) }),
      ],
    });
    loggers.getLogger("test").emit({ body: "an order came in" });
    await loggers.forceFlush();
    await collector.until(() => collector.items["metrics"] !== undefined && collector.items["logs"] !== undefined);
    expect(collector.items).toMatchObject({ metrics: 1, logs: 1 });
    await Promise.all([meters.shutdown(), loggers.shutdown()]);
  });
});

describe("a grpc-js client and server with no code of ours", () => {
  const Client = makeClientConstructor(ECHO, "Echo");

  it("makes a unary call through the boundary, in a trace that begins there", async () => {
    const client = new Client(new URL(program.url("boundary in")).host, credentials.createInsecure());
    const answer = await new Promise<Buffer>((resolve, reject) => {
      (client["unary"] as (value: Buffer, done: (error: Error | null, value: Buffer) => void) => void).call(
        client,
        Buffer.from("hello"),
        (error, value) => (error === null ? resolve(value) : reject(error)),
      );
    });
    expect(answer.toString()).toBe("hello");
    const [, traceId, parentId] = (seen.at(-1) as string).split("-");
    await collector.until((spans) => spans.some((span) => span.spanId === parentId));
    expect(collector.spans.find((span) => span.spanId === parentId)).toMatchObject({
      traceId,
      name: "demo.Echo/Unary",
      kind: 3,
    });
    client.close();
  });

  it("holds a conversation through the boundary, each answer before the next question", async () => {
    const client = new Client(new URL(program.url("boundary in")).host, credentials.createInsecure());
    const chat = (client["chat"] as () => NodeJS.ReadWriteStream).call(client);
    const answers: string[] = [];
    for (const question of ["one", "two", "three"]) {
      const answered = new Promise<Buffer>((resolve) => chat.once("data", resolve));
      chat.write(Buffer.from(question));
      answers.push((await answered).toString());
    }
    const status = new Promise<{ code: number }>((resolve) => chat.once("status", resolve));
    chat.end();
    expect(answers).toEqual(["one", "two", "three"]);
    expect(await status).toMatchObject({ code: 0 });
    client.close();
  });
});
