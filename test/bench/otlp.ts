/**
 * Spans per second of CPU time from receiver to destination over OTLP/HTTP, requests of 1000 spans of about 555 bytes:
 * the pipeline (receive, stamp, forward), a relay on the same stack that forwards bytes without looking, and an
 * OpenTelemetry Collector that receives and forwards, where one is installed. CPU time is the process's, all threads.
 *
 *     node test/bench/otlp.ts [requests]
 */

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync, gzipSync } from "node:zlib";
import { type Batch, encodeSpans, forEachSpan, readBatch, type SpanRecord } from "@tracemend/otlp";
import { createHttpReceiver, createPipeline } from "@tracemend/pipeline";
import { Pool } from "undici";
import { freePorts } from "../../examples/two-clusters/ports.ts";
import { peerOrReason, startPeer } from "../support/peer.ts";

type Compression = "none" | "gzip";

const spansPerRequest = 1000;
const concurrent = 8;
const warmRequests = 150;
const stamped = { "k8s.cluster.name": "edge-17", "cloud.region": "eu-central-1" };
const protobuf = { "content-type": "application/x-protobuf" };

const [mode, kind, target, compression] = process.argv.slice(2);
if (mode === "serve") await serve(kind ?? "", target ?? "", compression as Compression);
else await compare(Number(mode ?? 1200));

/** The process under test: tells its parent where it listens. */
async function serve(kind: string, target: string, compression: Compression): Promise<void> {
  const port = kind === "relay" ? await relay(target) : await pipeline(target, compression);
  process.send?.(port);
}

async function pipeline(target: string, compression: Compression): Promise<number> {
  const destination = {
    name: "sink",
    endpoint: target,
    protocol: "http/protobuf",
    compression,
    batch: { maxAgeMs: 0 },
  } as const;
  const sink = createPipeline({ attributes: stamped, destinations: [destination] });
  const { address } = await createHttpReceiver({}, sink);
  return address.port;
}

/** Answers like the pipeline, once it holds the whole request. */
async function relay(target: string): Promise<number> {
  const pool = new Pool(target, { connections: 10 });
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readAll(request);
    response.writeHead(200, { ...protobuf, "content-length": 0 }).end();
    const { headers } = request;
    const encoding = headers["content-encoding"];
    const forwarded = encoding === undefined ? protobuf : { ...protobuf, "content-encoding": encoding };
    const answer = await pool.request({ method: "POST", path: request.url ?? "/", headers: forwarded, body });
    await answer.body.dump();
  };
  const server = createServer((request, response) => void pass(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface Subject {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<unknown>;
}

async function startNode(kind: string, target: string, compression: Compression): Promise<Subject> {
  const child = fork(import.meta.filename, ["serve", kind, target, compression]);
  const [port] = (await once(child, "message")) as [number];
  const stop = (): Promise<unknown> => {
    child.kill("SIGKILL");
    return once(child, "close");
  };
  return { pid: child.pid as number, port, stop };
}

async function startCollector(target: string, compression: Compression): Promise<Subject> {
  const { port } = await freePorts(["port"]);
  const text = `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
exporters: { otlp_http: { endpoint: "${target}", compression: ${compression}, sending_queue: { num_consumers: 10 } } }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines: { traces: { receivers: [otlp], exporters: [otlp_http] } }
`;
  const peer = await startPeer("otelcol", { file: "config.yaml", text }, (file) => ["--config", file], port);
  return { pid: peer.pid, port, stop: () => peer.stop() };
}

/** User and system time of a process and its threads, in seconds (proc(5), /proc/pid/stat, 100 ticks a second). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Takes everything, counts requests, and keeps the first. */
async function startSink() {
  let requests = 0;
  let first: Buffer | undefined;
  let reached: (() => void) | undefined;
  let wanted = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => {
      if (first === undefined) chunks.push(chunk);
    });
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      first ??= request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
      response.writeHead(200, { ...protobuf, "content-length": 0 }).end();
      requests += 1;
      if (requests === wanted) reached?.();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    first: () => first,
    async until(count: number): Promise<void> {
      wanted = count;
      if (requests >= count) return;
      await new Promise<void>((resolve) => {
        reached = resolve;
      });
    },
    reset() {
      requests = 0;
      first = undefined;
    },
    close: () => server.close(),
  };
}

/** Sends `count` requests, so many at once; each must be taken. */
async function send(pool: Pool, bodies: readonly Buffer[], count: number, compression: Compression): Promise<void> {
  const headers = compression === "gzip" ? { ...protobuf, "content-encoding": "gzip" } : protobuf;
  let sent = 0;
  const one = async (): Promise<void> => {
    while (sent < count) {
      const body = bodies[sent++ % bodies.length]!;
      const answer = await pool.request({ method: "POST", path: "/v1/traces", headers, body });
      await answer.body.dump();
      // A full queue is answered 503: the request goes again, as a sender would.
      if (answer.statusCode === 503) sent -= 1;
      else assert.equal(answer.statusCode, 200);
    }
  };
  await Promise.all(Array.from({ length: concurrent }, one));
}

async function measure(
  name: string,
  compression: Compression,
  bodies: readonly Buffer[],
  count: number,
): Promise<number> {
  const sink = await startSink();
  const subject = await (name === "collector"
    ? startCollector(sink.url, compression)
    : startNode(name, sink.url, compression));
  const pool = new Pool(`http://127.0.0.1:${subject.port}`, { connections: concurrent });
  try {
    await send(pool, bodies, warmRequests, compression);
    await sink.until(warmRequests);
    check(name, sink.first());
    sink.reset();
    const before = cpuSeconds(subject.pid);
    await send(pool, bodies, count, compression);
    await sink.until(count);
    return cpuSeconds(subject.pid) - before;
  } finally {
    await pool.destroy();
    await subject.stop();
    sink.close();
  }
}

/** What arrived first is whole, and stamped where that was to be done. */
function check(name: string, body: Buffer | undefined): void {
  const batch = read(body ?? Buffer.alloc(0));
  assert.equal(batch.items, spansPerRequest, name);
  forEachSpan(batch, (span) => {
    assert.equal(span.resourceAttribute("service.name"), "shop");
    assert.equal(span.resourceAttribute("cloud.region"), name === "pipeline" ? "eu-central-1" : undefined);
  });
}

function read(body: Uint8Array): Batch {
  const reading = readBatch("traces", body);
  assert(reading.kind === "batch");
  return reading.batch;
}

async function compare(count: number): Promise<void> {
  const bodies = createBodies();
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length;
  const names = ["relay", "pipeline", ...(peerOrReason("otelcol") === undefined ? [] : ["collector"])];
  console.log(
    `${count} requests of ${spansPerRequest} spans, ${Math.round(bytes / spansPerRequest)} bytes a span; ${process.version}`,
  );
  for (const compression of ["none", "gzip"] as const) {
    const sent = compression === "none" ? bodies : bodies.map((body) => gzipSync(body));
    const seconds = new Map<string, number>();
    // Twice each, in turns, and the better one: whatever else the machine does hits one round of all.
    for (let round = 0; round < 2; round++) {
      for (const name of names) {
        const spent = await measure(name, compression, sent, count);
        seconds.set(name, Math.min(spent, seconds.get(name) ?? Infinity));
      }
    }
    const own = seconds.get("pipeline") ?? 0;
    console.log(`compression ${compression}`);
    console.table(
      Object.fromEntries(
        Array.from(seconds, ([name, spent]) => [
          name,
          {
            "spans per CPU second": Math.round((count * spansPerRequest) / spent),
            "MB per CPU second": Math.round((count * bytes) / spent / 1e6),
            "pipeline compared": Number((spent / own).toFixed(2)),
          },
        ]),
      ),
    );
  }
}

/** Bodies with random ids and values: what compresses well in a benchmark does not in life. */
function createBodies(): readonly Buffer[] {
  let state = 42;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const digits = (length: number): string =>
    Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
  const keys = [
    "http.request.method",
    "url.path",
    "server.address",
    "http.route",
    "db.query.text",
    "user_agent.original",
  ];
  const span = (): SpanRecord => {
    const count = 6 + Math.floor(random() * 15);
    const attributes = Array.from({ length: count }, (_, index): [string, string | number] => [
      `${keys[index % keys.length]}.${index}`,
      random() < 0.3 ? Math.floor(random() * 1e6) : digits(Math.floor(random() * 32)),
    ]);
    return {
      traceId: digits(32),
      spanId: digits(16),
      parentSpanId: digits(16),
      flags: 0x101,
      name: `GET /orders/${digits(4)}`,
      kind: "server",
      startMs: 1_795_000_000_000 + random() * 1000,
      endMs: 1_795_000_001_000,
      attributes: Object.fromEntries(attributes),
      status: { code: "ok" },
    };
  };
  return Array.from({ length: 20 }, () => {
    const spans = Array.from({ length: spansPerRequest }, span);
    return Buffer.concat(encodeSpans({ "service.name": "shop" }, { name: "bench", version: "1" }, spans).parts);
  });
}
