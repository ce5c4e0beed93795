import { ROOT_CONTEXT } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { freePorts } from "../../examples/two-clusters/ports.ts";
import { afterEach, expect, it } from "vitest";
import { startCollector } from "../support/collector.ts";
import { peerOrReason, startPeer } from "../support/peer.ts";
import { startProgram } from "../support/program.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

it.skipIf(peerOrReason("otelcol") === undefined).each(["grpc", "http/protobuf"] as const)(
  "an OpenTelemetry Collector takes what is forwarded over %s and reads the same span",
  async (protocol) => {
    const { grpc, http } = await freePorts(["grpc", "http"]);
    const sink = await startCollector();
    closing.push(() => sink.close());
    const config = `
receivers: { otlp: { protocols: { grpc: { endpoint: "127.0.0.1:${grpc}" }, http: { endpoint: "127.0.0.1:${http}" } } } }
exporters: { otlp_grpc: { endpoint: "127.0.0.1:${sink.port}", tls: { insecure: true }, sending_queue: { enabled: false } } }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { traces: { receivers: [otlp], exporters: [otlp_grpc] } }
`;
    const port = protocol === "grpc" ? grpc : http;
    const otelcol = await startPeer(
      "otelcol",
      { file: "config.yaml", text: config },
      (file) => ["--config", file],
      port,
    );
    closing.push(() => otelcol.stop());
    const program = await startProgram(`
cluster: us-1
resource: { k8s.cluster.name: us-1 }
receivers: { otlp_http: { listen: "127.0.0.1:0" } }
destinations:
  otelcol: { endpoint: "http://127.0.0.1:${port}", protocol: ${protocol}, compression: gzip, batch: { max_age_ms: 20 } }
admin: { listen: "127.0.0.1:0" }
`);
    closing.push(() => program.stop());
    const provider = new TracerProvider({
      resource: resourceFromAttributes({ "service.name": "sdk" }),
      spanProcessors: [
        new SimpleSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${program.url("otlp http")}/v1/traces` }) }),
      ],
    });
    const span = provider.getTracer("test").startSpan("work", {}, ROOT_CONTEXT);
    span.end();
    await provider.forceFlush();
    const { spanId, traceId } = span.spanContext();
    await sink.until((spans) => spans.some((one) => one.spanId === spanId));
    expect(sink.spans).toMatchObject([{ spanId, traceId, name: "work", service: "sdk", cluster: "us-1" }]);
    await provider.shutdown();
  },
);
