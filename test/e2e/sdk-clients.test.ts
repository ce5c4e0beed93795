/** OpenTelemetry's SDKs as senders: all three signals, over every protocol they have, through the program to a destination. */
import { afterEach, describe, expect, it } from "vitest";
import { peerOrReason } from "../support/peer.ts";
import { startProgram } from "../support/program.ts";
import { createRecordingSink } from "../support/recording-sink.ts";
import { findMissing, runNodeClient, runPythonClient } from "../support/sdk-clients.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start() {
  const sink = await createRecordingSink();
  closing.push(() => sink.stop());
  const program = await startProgram(`
cluster: us-1
resource: { k8s.cluster.name: us-1 }
receivers: { otlp_http: { listen: "127.0.0.1:0" }, otlp_grpc: { listen: "127.0.0.1:0" } }
destinations: { sink: { endpoint: "${sink.grpcEndpoint}", batch: { max_age_ms: 20 } } }
admin: { listen: "127.0.0.1:0" }
`);
  closing.push(() => program.stop());
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
