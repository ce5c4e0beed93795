/** OpenTelemetry's SDKs as senders: all three signals, over every protocol they have, through the program to a destination. */
import { describe, expect, it } from "vitest";
import { openProgram, openSink } from "../support/opened.ts";
import { peerOrReason } from "../support/peer.ts";
import { findMissing, runNodeClient, runPythonClient } from "../support/sdk-clients.ts";

async function start() {
  const sink = await openSink();
  const program = await openProgram(`
cluster: us-1
resource: { k8s.cluster.name: us-1 }
receivers: { otlp_http: { listen: "127.0.0.1:0" }, otlp_grpc: { listen: "127.0.0.1:0" } }
destinations: { sink: { endpoint: "${sink.grpcEndpoint}", batch: { max_age_ms: 20 } } }
admin: { listen: "127.0.0.1:0" }
`);
  return { sink, program };
}

describe("an OpenTelemetry SDK", () => {
  it.each(["grpc", "http/protobuf", "http/json"])("for Node sends all signals over %s", async (protocol) => {
    const { sink, program } = await start();
    const url = program.url(protocol === "grpc" ? "otlp grpc" : "otlp http");
    await runNodeClient(protocol, url);
    expect(await findMissing(sink)).toEqual([]);
  });

  it.skipIf(peerOrReason("python-otel") === undefined).each(["grpc", "http/protobuf"])(
    "for Python sends all signals over %s",
    async (protocol) => {
      const { sink, program } = await start();
      const url = program.url(protocol === "grpc" ? "otlp grpc" : "otlp http");
      await runPythonClient(protocol, url);
      expect(await findMissing(sink)).toEqual([]);
    },
  );
});
