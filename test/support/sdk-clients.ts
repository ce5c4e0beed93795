/** Clients made of OpenTelemetry's SDKs, run as processes: each sends a span, a data point and a log record. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { findPeer } from "../peers/cache.ts";
import type { RecordingSink } from "./recording-sink.ts";
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
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0 || output.length > 0)
    throw new Error(`the client ended with ${code}: ${Buffer.concat(output).toString()}`);
}

const ofEverySignal: readonly string[] = [
  '{"key":"service.name","value":{"stringValue":"sdk"}}',
  '{"key":"k8s.cluster.name","value":{"stringValue":"us-1"}}',
];

/** As the independent decoder tells it; numbers as one SDK or the other writes them. */
const sent: Readonly<Record<"traces" | "metrics" | "logs", readonly (string | RegExp)[]>> = {
  traces: [...ofEverySignal, '"name":"work"', '{"key":"http.route","value":{"stringValue":"/work"}}'],
  metrics: [...ofEverySignal, /"name":"jobs".*"(?:asInt":"7"|asDouble":7)/],
  logs: [...ofEverySignal, '"body":{"stringValue":"done"}'],
};

/** Waits for all signals of a client; what is not there of what it sent, and of what it was stamped with. */
export async function findMissing(sink: RecordingSink): Promise<readonly string[]> {
  const signals = Object.keys(sent) as (keyof typeof sent)[];
  await sink.until(() => signals.every((signal) => sink.items(signal) > 0));
  return signals.flatMap((signal) => {
    const requests = sink.received.filter((request) => request.signal === signal);
    const text = JSON.stringify(requests.map((request) => request.message));
    const isThere = (wanted: string | RegExp): boolean =>
      typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
    return sent[signal].filter((wanted) => !isThere(wanted)).map((wanted) => `${signal}: ${wanted}`);
  });
}
