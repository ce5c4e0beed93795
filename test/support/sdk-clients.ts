/** Clients made of OpenTelemetry's SDKs, run as processes: each sends a span, a data point and a log record. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { expect } from "vitest";
import { findPeer } from "../peers/cache.ts";
import type { Recorded, RecordingSink } from "./recording-sink.ts";
import { ROOT } from "./workspace.ts";

/** `protocol` as OTEL_EXPORTER_OTLP_PROTOCOL names it. */
export function runNodeClient(protocol: string, endpoint: string): Promise<void> {
  return run(process.execPath, [join(ROOT, "test", "support", "sdk-client.ts")], protocol, endpoint);
}

/** Where the peer `python-otel` is installed. */
export function runPythonClient(protocol: string, endpoint: string): Promise<void> {
  return run(findPeer("python-otel") as string, [join(ROOT, "test", "peers", "sdk_client.py")], protocol, endpoint);
}

/** Runs a client to its end; what it has to say is shown when it fails. */
async function run(command: string, args: readonly string[], protocol: string, endpoint: string): Promise<void> {
  const env = {
    ...process.env,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_INSECURE: "true",
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_METRICS_EXPORTER: "otlp",
    OTEL_LOGS_EXPORTER: "otlp",
  };
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => output.push(chunk));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(`${code} ${Buffer.concat(output).toString()}`).toBe("0 ");
}

/** What a client sent is there, stamped as the program was told: one item of each signal. */
export async function expectAllSignals(sink: RecordingSink): Promise<void> {
  await sink.until(() => sink.items("traces") > 0 && sink.items("metrics") > 0 && sink.items("logs") > 0);
  const textOf = (signal: Recorded["signal"]): string =>
    JSON.stringify(sink.received.filter((request) => request.signal === signal).map((request) => request.message));
  for (const signal of ["traces", "metrics", "logs"] as const) {
    expect(textOf(signal)).toContain('{"key":"service.name","value":{"stringValue":"sdk"}}');
    expect(textOf(signal)).toContain('{"key":"k8s.cluster.name","value":{"stringValue":"us-1"}}');
  }
  expect(sink.items("traces")).toBe(1);
  expect(textOf("traces")).toContain('"name":"work"');
  expect(textOf("traces")).toContain('{"key":"http.route","value":{"stringValue":"/work"}}');
  expect(textOf("metrics")).toMatch(/"name":"jobs".*"(?:asInt":"7"|asDouble":7)/);
  expect(textOf("logs")).toContain('"body":{"stringValue":"done"}');
}
