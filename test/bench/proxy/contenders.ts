/** The proxies that are compared, each started as a process in front of one origin. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { freePorts } from "../../../examples/two-clusters/ports.ts";
import { peerOrReason, startPeer } from "../../support/peer.ts";
import { startProgram } from "../../support/program.ts";
import type { OriginPorts } from "./origin.ts";
import type { TlsFiles } from "./peer-configs.ts";
import { PEER_CONFIGS } from "./peer-configs.ts";
import type { Entry } from "./rows.ts";

export interface Running {
  readonly name: string;
  readonly pid: number;
  /** An entry that is not there: the proxy cannot do it. */
  readonly ports: Partial<Readonly<Record<Entry, number>>>;
  /** Whether a request leaves under a span of the proxy's own. */
  readonly spans: boolean;
  /** Spans that were exported so far. */
  exported(): Promise<number>;
  stop(): Promise<unknown>;
}

/** Undefined where it is not installed; the reason is printed. */
type Start = (origin: OriginPorts, tls: TlsFiles) => Promise<Omit<Running, "name"> | undefined>;

export const CONTENDERS: Readonly<Record<string, Start>> = {
  nginx: peer("nginx"),
  HAProxy: peer("haproxy"),
  Envoy: peer("envoy"),
  "http-proxy-3": rival("http-proxy-3"),
  "node:http + undici": rival("undici"),
  tracemend: (origin, tls) => program(origin, tls, true),
  "tracemend, no spans": (origin, tls) => program(origin, tls, false),
};

const NO_SPANS = { spans: false, exported: () => Promise.resolve(0) };

function peer(name: keyof typeof PEER_CONFIGS): Start {
  const config = PEER_CONFIGS[name];
  return async (origin, tls) => {
    if (peerOrReason(name) === undefined) return undefined;
    const ports = await freePorts(["http", "tls", "grpc"]);
    const text = config.text(ports, origin, tls);
    const peer = await startPeer(name, { file: config.file, text }, config.args, ports.http);
    return { pid: peer.pid, ports, stop: () => peer.stop(), ...NO_SPANS };
  };
}

function rival(name: string): Start {
  return async (origin, tls) => {
    const file = fileURLToPath(new URL("rival.ts", import.meta.url));
    const child = fork(file, [name, String(origin.http), tls.key, tls.cert]);
    const ports = await new Promise<{ http: number; tls: number }>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
      child.once("message", (message) => resolve(message as { http: number; tls: number }));
    });
    return { pid: child.pid as number, ports, stop: async () => child.kill(), ...NO_SPANS };
  };
}

/** The program itself, as `tracemend run` starts it. */
async function program(origin: OriginPorts, tls: TlsFiles, spans: boolean): Promise<Omit<Running, "name">> {
  const listen = '"127.0.0.1:0"';
  const child = await startProgram(`
cluster: eu-1
boundaries:
  - { name: plain, side: egress, listen: ${listen}, routes: [{ upstream: plain }] }
  - { name: tls, side: egress, listen: ${listen}, tls: { cert_file: ${tls.cert}, key_file: ${tls.key} }, routes: [{ upstream: plain }] }
  - { name: grpc, side: egress, listen: ${listen}, routes: [{ upstream: grpc }] }
upstreams:
  plain: { url: "http://127.0.0.1:${origin.http}", connections: 4096 }
  grpc: { url: "http://127.0.0.1:${origin.grpc}", protocol: h2 }
${spans ? `destinations: { sink: { endpoint: "http://127.0.0.1:${origin.sink}", protocol: http/protobuf } }` : ""}
admin: { listen: ${listen} }
`);
  const portOf = (boundary: string): number => Number(new URL(child.url(`boundary ${boundary}`)).port);
  return {
    pid: child.pid,
    ports: { http: portOf("plain"), tls: portOf("tls"), grpc: portOf("grpc") },
    spans,
    async exported() {
      const { text } = await child.page("/metrics");
      return Number(/^tracemend_otlp_items_total\{.*state="exported".*\} (\d+)$/m.exec(text)?.[1] ?? 0);
    },
    stop: () => child.stop(),
  };
}
