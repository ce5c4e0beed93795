/** A real Collector as destination: it takes what the program forwards, and passes on the same telemetry. */
import { freePorts } from "../../examples/two-clusters/ports.ts";
import { expect, it } from "vitest";
import { closeAtEnd } from "../support/close-at-end.ts";
import { openProgram, openSink } from "../support/opened.ts";
import { peerOrReason, startPeer } from "../support/peer.ts";
import { findMissing, runNodeClient } from "../support/sdk-clients.ts";

it.skipIf(peerOrReason("otelcol") === undefined).each(["grpc", "http/protobuf"] as const)(
  "an OpenTelemetry Collector takes all signals that are forwarded over %s, and reads what was sent",
  async (protocol) => {
    const { grpc, http } = await freePorts(["grpc", "http"]);
    const sink = await openSink();
    const pipe = "{ receivers: [otlp], exporters: [otlp_grpc] }";
    const config = `
receivers: { otlp: { protocols: { grpc: { endpoint: "127.0.0.1:${grpc}" }, http: { endpoint: "127.0.0.1:${http}" } } } }
exporters:
  otlp_grpc: { endpoint: "${sink.grpcEndpoint}", tls: { insecure: true }, sending_queue: { enabled: false } }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { traces: ${pipe}, metrics: ${pipe}, logs: ${pipe} }
`;
    const port = protocol === "grpc" ? grpc : http;
    const otelcol = await startPeer(
      "otelcol",
      { file: "config.yaml", text: config },
      (file) => ["--config", file],
      port,
    );
    closeAtEnd(() => otelcol.stop());
    const program = await openProgram(`
cluster: us-1
resource: { k8s.cluster.name: us-1 }
receivers: { otlp_http: { listen: "127.0.0.1:0" } }
destinations:
  otelcol: { endpoint: "http://127.0.0.1:${port}", protocol: ${protocol}, compression: gzip, batch: { max_age_ms: 20 } }
admin: { listen: "127.0.0.1:0" }
`);
    await runNodeClient("http/protobuf", program.url("otlp http"));
    expect(await findMissing(sink)).toEqual([]);
  },
);
