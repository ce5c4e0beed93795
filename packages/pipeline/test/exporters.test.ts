/** OpenTelemetry's own exporters through the receivers and a pipeline, to a collector that decodes independently. */
import { afterEach, describe, expect, test } from "vitest";
import { SeverityNumber, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { createGrpcReceiver, createHttpReceiver, createPipeline } from "@tracemend/pipeline";
import type { Receiver } from "@tracemend/pipeline";
import type { Signal } from "@tracemend/otlp";
import { createRecordingSink } from "../../../test/support/recording-sink.ts";
import type { RecordingSink } from "../../../test/support/recording-sink.ts";
import { expectBalanced, never, rowOf } from "./batches.ts";

const resource = resourceFromAttributes({ "service.name": "shop", "deployment.region": "claimed" });

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function start(
  protocol: "grpc" | "http/protobuf",
  compression: "none" | "gzip",
  attributes: Record<string, string> = { "deployment.region": "eu" },
) {
  const sink = await createRecordingSink();
  closers.push(() => sink.stop());
  const endpoint = protocol === "grpc" ? sink.grpcEndpoint : sink.httpEndpoint;
  const pipeline = createPipeline({
    attributes,
    destinations: [{ name: "collector", endpoint, protocol, compression, batch: { maxAgeMs: 10 } }],
  });
  closers.push(() => pipeline.close(never));
  const grpc = await createGrpcReceiver({}, pipeline);
  closers.push(() => grpc.close(never));
  const http = await createHttpReceiver({}, pipeline);
  closers.push(() => http.close(never));
  return { sink, pipeline, grpc: urlOf(grpc), http: urlOf(http) };
}

function urlOf({ address }: Receiver): string {
  return `http://${address.host}:${address.port}`;
}

function attributesOf(sink: RecordingSink): unknown {
  const message = sink.received[0]?.message as Record<string, { resource: { attributes: unknown } }[]>;
  return Object.values(message)[0]?.[0]?.resource.attributes;
}

const stamped = { key: "deployment.region", value: { stringValue: "eu" } };
const claimed = { key: "deployment.region", value: { stringValue: "claimed" } };
const service = { key: "service.name", value: { stringValue: "shop" } };

describe("OpenTelemetry exporters", () => {
  describe.for([
    ["grpc", "none"],
    ["grpc", "gzip"],
    ["http/protobuf", "none"],
    ["http/protobuf", "gzip"],
  ] as const)("forwarded over %s with compression %s", ([protocol, compression]) => {
    test.for(["grpc", "grpc with gzip", "http", "http with gzip"])("spans sent over %s arrive", async (sender) => {
      const { sink, pipeline, grpc, http } = await start(protocol, compression);
      const zip = sender.endsWith("gzip") ? ("gzip" as never) : ("none" as never);
      const exporter: SpanExporter = sender.startsWith("grpc")
        ? new GrpcTraceExporter({ url: grpc, compression: zip })
        : new HttpTraceExporter({ url: `${http}/v1/traces`, compression: zip });
      const provider = new TracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
      const span = provider.getTracer("test").startSpan("checkout", { attributes: { "http.route": "/cart" } });
      span.end();
      await provider.shutdown();
      await sink.until(() => sink.items("traces") === 1);

      const [request] = sink.received;
      expect(request?.protocol).toBe(protocol === "grpc" ? "grpc" : "http");
      const spans = JSON.stringify(request?.message);
      expect(spans).toContain(`"spanId":"${Buffer.from(span.spanContext().spanId, "hex").toString("base64")}"`);
      expect(spans).toContain('"name":"checkout"');
      expect(attributesOf(sink)).toEqual(expect.arrayContaining([stamped, service]));
      expect(attributesOf(sink)).not.toContainEqual(claimed);
      await pipeline.close(never);
      expectBalanced(pipeline.ledger());
      expect(rowOf(pipeline.ledger(), "collector").exported).toBe(1);
      expect(pipeline.counters().spoofedAttributes).toBe(1);
    });

    test("metrics and logs sent over http arrive", async () => {
      const { sink, pipeline, http } = await start(protocol, compression);
      const reader = new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${http}/v1/metrics` }),
        exportIntervalMillis: 60_000,
      });
      const meters = new MeterProvider({ resource, readers: [reader] });
      meters.getMeter("test").createCounter("orders").add(3, { shop: "berlin" });
      await meters.shutdown();
      const logExporter = new OTLPLogExporter({ url: `${http}/v1/logs` });
      const logs = new LoggerProvider({
        resource,
        processors: [new SimpleLogRecordProcessor({ exporter: logExporter })],
      });
      logs.getLogger("test").emit({ body: "paid", severityText: "INFO" });
      await logs.shutdown();
      await sink.until(() => sink.items("metrics") === 1 && sink.items("logs") === 1);

      const text = JSON.stringify(sink.received.map((request) => request.message));
      expect(text).toContain('"name":"orders"');
      expect(text).toContain('"stringValue":"berlin"');
      expect(text).toContain('"stringValue":"paid"');
      await pipeline.close(never);
      expectBalanced(pipeline.ledger());
      expect(rowOf(pipeline.ledger(), "collector", "metrics").exported).toBe(1);
      expect(rowOf(pipeline.ledger(), "collector", "logs").exported).toBe(1);
    });
  });
});

describe("what passes without a stamp", () => {
  test.for(["grpc", "http/protobuf"] as const)(
    "arrives over %s as if it had been sent straight there",
    async (protocol) => {
      const straight = await createRecordingSink();
      closers.push(() => straight.stop());
      const { sink, http } = await start(protocol, "gzip", {});
      const exporters = <T>(create: new (config: { url: string }) => T, path: string): readonly [T, T] => [
        new create({ url: straight.httpEndpoint + path }),
        new create({ url: http + path }),
      ];

      const spanExporters = exporters(HttpTraceExporter, "/v1/traces");
      const spanProcessors = spanExporters.map((exporter) => new SimpleSpanProcessor({ exporter }));
      const traces = new TracerProvider({ resource, spanProcessors });
      const tracer = traces.getTracer("test", "1.2.3", { schemaUrl: "https://example.com/schema" });
      const parent = tracer.startSpan("checkout", {
        kind: SpanKind.SERVER,
        attributes: { retries: 3, ok: false, ratio: 0.5 },
      });
      const links = [{ context: parent.spanContext(), attributes: { why: "batch" } }];
      const child = tracer.startSpan("pay – 支払い", { links, attributes: { tags: ["a", "b"] } });
      child.addEvent("retry", { attempt: 2 });
      child.setStatus({ code: SpanStatusCode.ERROR, message: "declined" });
      child.end();
      parent.end();
      await traces.shutdown();

      const logExporters = exporters(OTLPLogExporter, "/v1/logs");
      const processors = logExporters.map((exporter) => new SimpleLogRecordProcessor({ exporter }));
      const logs = new LoggerProvider({ resource, processors });
      logs
        .getLogger("test")
        .emit({ body: { order: { id: 7, lines: ["x"] } }, severityText: "WARN", severityNumber: SeverityNumber.WARN });
      await logs.shutdown();

      const [first, second] = exporters(OTLPMetricExporter, "/v1/metrics");
      const reader = new PeriodicExportingMetricReader({ exporter: first, exportIntervalMillis: 60_000 });
      const meter = new MeterProvider({ resource, readers: [reader] }).getMeter("test");
      meter.createCounter("orders", { unit: "1" }).add(3, { shop: "berlin" });
      meter.createHistogram("latency", { unit: "ms" }).record(12.5);
      const { resourceMetrics }: { resourceMetrics: unknown } = await reader.collect();
      for (const exporter of [first, second]) {
        await new Promise((resolve) => {
          exporter.export(resourceMetrics as never, resolve);
        });
        await exporter.shutdown();
      }

      for (const signal of ["traces", "logs", "metrics"] as const) {
        await sink.until(() => sink.items(signal) === straight.items(signal));
        expect(straight.items(signal)).toBeGreaterThan(0);
        expect(contentOf(sink, signal)).toEqual(contentOf(straight, signal));
      }
    },
  );
});

/** Everything received of a signal, decoded, however it was cut into requests. */
function contentOf(sink: RecordingSink, signal: Signal): readonly string[] {
  const messages = sink.received.filter((request) => request.signal === signal).map((request) => request.message);
  return messages
    .flatMap((message) =>
      Object.values(message)
        .flat()
        .map((part) => JSON.stringify(part)),
    )
    .toSorted();
}
