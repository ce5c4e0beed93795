/** What the OTLP benchmark measures, each as a process of its own: the pipeline in several shapes, a relay, the Collector. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createGrpcReceiver, createHttpReceiver, createPipeline } from "@tracemend/pipeline";
import type { DestinationOptions, LedgerRow } from "@tracemend/pipeline";
import { freePorts } from "../../../examples/two-clusters/ports.ts";
import { startPeer } from "../../support/peer.ts";
import { createClient, listen } from "./transport.ts";
import type { Compression, Transport } from "./transport.ts";

/**
 * `relay`: passes the bytes on without looking, and answers once it holds the whole request, as the pipeline does.
 * `forward`: receive, stamp, forward. `balance`: receive, stamp, batch, and each span to the owner of its trace. `disk`:
 * the same behind a queue on disk. `collector`: receive and forward, and over gRPC with its loadbalancing exporter.
 */
export type Kind = "relay" | "forward" | "balance" | "disk" | "collector";

export interface Task {
  readonly kind: Kind;
  readonly transport: Transport;
  readonly compression: Compression;
  /** Ports on loopback; those that do not balance send to the first. */
  readonly sinks: readonly number[];
  readonly queueBytes: number;
}

export interface Subject {
  readonly port: number;
  /** User and system time of all its threads until now. */
  cpuSeconds(): number;
  /** The most memory that was ever resident. */
  maxResidentMb(): number;
  /** Of the pipeline. */
  ledger(): Promise<readonly LedgerRow[]>;
  stop(): Promise<unknown>;
}

export const stamped: Readonly<Record<string, string>> = {
  "k8s.cluster.name": "edge-17",
  "cloud.region": "eu-central-1",
};

export async function start(task: Task): Promise<Subject> {
  if (task.kind === "collector") {
    const peer = await startCollector(task);
    return { ...peer, ...gauges(peer.pid), ledger: () => Promise.resolve([]) };
  }
  const child = fork(import.meta.filename, [JSON.stringify(task)]);
  const [port] = (await once(child, "message")) as [number];
  return {
    port,
    ...gauges(child.pid as number),
    async ledger() {
      child.send("ledger");
      const [rows] = (await once(child, "message")) as [readonly LedgerRow[]];
      return rows;
    },
    async stop() {
      child.disconnect();
      await once(child, "exit");
    },
  };
}

/** proc(5): /proc/pid/stat in 100 ticks a second, and VmHWM of /proc/pid/status in kB. */
function gauges(pid: number): Pick<Subject, "cpuSeconds" | "maxResidentMb"> {
  return {
    cpuSeconds() {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    maxResidentMb: () =>
      Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024),
  };
}

async function startCollector({ transport, compression, sinks }: Task) {
  const { port } = await freePorts(["port"]);
  const protocol = transport === "grpc" ? "grpc" : "http";
  const queue = "sending_queue: { num_consumers: 10 }";
  const peers = sinks.map((sink) => `"127.0.0.1:${sink}"`).join(", ");
  const exporter =
    transport === "grpc"
      ? `loadbalancing: { protocol: { otlp: { tls: { insecure: true }, compression: ${compression}, ${queue} } }, resolver: { static: { hostnames: [${peers}] } } }`
      : `otlp_http: { endpoint: "http://127.0.0.1:${sinks[0]}", compression: ${compression}, ${queue} }`;
  const text = `
receivers: { otlp: { protocols: { ${protocol}: { endpoint: "127.0.0.1:${port}" } } } }
exporters: { ${exporter} }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines: { traces: { receivers: [otlp], exporters: [${exporter.split(":")[0]}] } }
`;
  const peer = await startPeer("otelcol", { file: "config.yaml", text }, (file) => ["--config", file], port);
  return { ...peer, port };
}

async function serve(task: Task): Promise<void> {
  const { port, end } = task.kind === "relay" ? await serveRelay(task) : await servePipeline(task);
  process.once("disconnect", () => {
    end();
    process.exit();
  });
  process.send?.(port);
}

interface Served {
  readonly port: number;
  readonly end: () => void;
}

async function serveRelay({ transport, sinks }: Task): Promise<Served> {
  const client = createClient(transport, sinks[0] as number, 10);
  const { port } = await listen(transport, (body, compression) => {
    void client.send(body, compression);
    return true;
  });
  return { port, end: () => {} };
}

async function servePipeline({ kind, transport, compression, sinks, queueBytes }: Task): Promise<Served> {
  const folder = kind === "disk" ? mkdtempSync(join(tmpdir(), "bench-")) : undefined;
  const balanced = {
    balance: { resolver: { kind: "static", peers: sinks.map((sink) => `127.0.0.1:${sink}`) } },
  } as const;
  const destination: DestinationOptions = {
    name: "sink",
    endpoint: `http://127.0.0.1:${sinks[0]}`,
    protocol: transport === "grpc" ? "grpc" : "http/protobuf",
    compression,
    queue: {
      maxBytes: queueBytes,
      ...(folder === undefined ? {} : { storage: { folder, fsync: { intervalMs: 500 }, maxBytes: 2 ** 30 } }),
    },
    ...(kind === "forward" ? { batch: { maxAgeMs: 0 } } : balanced),
  };
  const pipeline = createPipeline({ attributes: stamped, destinations: [destination] });
  process.on("message", () => process.send?.(pipeline.ledger()));
  const { address } = await (transport === "grpc" ? createGrpcReceiver : createHttpReceiver)({}, pipeline);
  const end = (): void => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  return { port: address.port, end };
}

const [task] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && task !== undefined) await serve(JSON.parse(task) as Task);
