/**
 * CPU time of one outgoing call while a request is handled: alone, with @tracemend/outbound, with OpenTelemetry's
 * instrumentation of the same client (every span recorded, none exported), and with both. What arrives is compared before
 * anything is timed. Each run is a process of its own; the service that is called is another.
 *
 *     node test/bench/outbound.ts
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type * as http from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { parseArgs, promisify } from "node:util";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { defineBoundary, fieldValues } from "@tracemend/context";
import { createOutbound } from "@tracemend/outbound";
import { Pool } from "undici";

const VARIANTS = ["none", "outbound", "opentelemetry", "both"] as const;
const CLIENTS = ["undici", "node:http"] as const;
type Variant = (typeof VARIANTS)[number];
type Client = (typeof CLIENTS)[number];

const ROUNDS = 3;
const WARMUP = 3000;
const CALLS = 8000;
const IN_FLIGHT = 32;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const LINES = ["traceparent", `00-${TRACE}-${PARENT}-01`, "tracestate", "rojo=00f067aa0ba902b7"];

const { values } = parseArgs({
  options: {
    role: { type: "string" },
    variant: { type: "string" },
    client: { type: "string" },
    url: { type: "string" },
  },
});

/** Answers `/head` with its header lines, anything else with little. */
async function serve(): Promise<void> {
  const server = createServer((request, response) => {
    response.end(request.url === "/head" ? JSON.stringify(request.rawHeaders) : "ok");
  });
  server.keepAliveTimeout = 60_000;
  await once(server.listen(0, "127.0.0.1"), "listening");
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function startOpenTelemetry(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new TracerProvider());
  for (const instrumentation of [new HttpInstrumentation(), new UndiciInstrumentation()]) instrumentation.enable();
}

type Get = (path: string) => Promise<string>;

function clientOf(client: Client, url: string): { readonly get: Get; readonly close: () => unknown } {
  if (client === "undici") {
    const pool = new Pool(url, { connections: IN_FLIGHT });
    return {
      get: async (path) => (await pool.request({ path, method: "GET" })).body.text(),
      close: () => pool.close(),
    };
  }
  // Instrumentation patches what is required after it.
  const { Agent, get } = createRequire(import.meta.url)("node:http") as typeof http;
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  const ask: Get = (path) =>
    new Promise((resolve, reject) => {
      get(url + path, { agent }, (incoming) => {
        let text = "";
        incoming.setEncoding("latin1");
        incoming.on("data", (chunk: string) => (text += chunk));
        incoming.on("end", () => resolve(text));
      }).on("error", reject);
    });
  return { get: ask, close: () => agent.destroy() };
}

/** Runs what one request does: in the scope that a service has while it handles the request. */
function scopeOf(variant: Variant): <T>(run: () => T) => T {
  const remote = { traceId: TRACE, spanId: PARENT, traceFlags: 1, isRemote: true };
  const traced = <T>(run: () => T): T => context.with(trace.setSpanContext(context.active(), remote), run);
  if (variant === "none") return (run) => run();
  if (variant === "opentelemetry") return traced;
  const outbound = createOutbound({
    boundary: defineBoundary({ name: "bench", side: "ingress", cluster: "eu-1" }),
    targets: ["127.0.0.1"],
    servers: false,
  });
  const request = { lines: LINES, method: "GET", path: "/" };
  return variant === "outbound"
    ? (run) => outbound.handle(request, run)
    : (run) => outbound.handle(request, () => traced(run));
}

/** What leaves: nothing, the request's own line, or that of the SDK's span in the same trace; never two. */
async function checkHead(variant: Variant, call: () => Promise<string>): Promise<void> {
  const lines = fieldValues(JSON.parse(await call()) as string[], "traceparent");
  if (variant === "none") assert.deepEqual(lines, []);
  else if (variant === "outbound") assert.deepEqual(lines, [LINES[1]]);
  else {
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", new RegExp(`^00-${TRACE}-(?!${PARENT})[0-9a-f]{16}-01$`));
  }
}

async function runVariant(variant: Variant, client: Client, url: string): Promise<void> {
  if (variant === "opentelemetry" || variant === "both") startOpenTelemetry();
  const scope = scopeOf(variant);
  const { get, close } = clientOf(client, url);
  await checkHead(variant, () => scope(() => get("/head")));
  const repeat = async (calls: number): Promise<void> => {
    let left = calls;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await scope(() => get("/"));
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  };
  await repeat(WARMUP);
  const before = process.cpuUsage();
  await repeat(CALLS);
  const { user, system } = process.cpuUsage(before);
  await close();
  console.log(JSON.stringify((user + system) / CALLS));
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1] ?? Number.NaN;
}

async function compare(): Promise<void> {
  const [self] = process.argv.slice(1);
  assert(self !== undefined);
  const service = spawn(process.execPath, [self, "--role", "service"], { stdio: ["ignore", "pipe", "inherit"] });
  const url = String((await once(service.stdout, "data"))[0]).trim();
  try {
    for (const client of CLIENTS) {
      const costs = new Map<Variant, number[]>(VARIANTS.map((variant) => [variant, []]));
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const variant of VARIANTS) {
          const args = [self, "--variant", variant, "--client", client, "--url", url];
          const { stdout } = await promisify(execFile)(process.execPath, args);
          costs.get(variant)?.push(Number(stdout));
        }
      }
      const base = median(costs.get("none") ?? []);
      console.log(`\n${client}: CPU of the caller for one call, median of ${ROUNDS} runs of ${CALLS} calls`);
      for (const [variant, numbers] of costs) {
        const cost = median(numbers);
        const extra = variant === "none" ? "" : `+${(cost - base).toFixed(1)} µs`;
        console.log(
          `  ${variant.padEnd(14)} ${cost.toFixed(1).padStart(6)} µs  ×${(cost / base).toFixed(2)}  ${extra}`,
        );
      }
    }
  } finally {
    service.kill();
  }
}

function isOneOf<T extends string>(list: readonly T[], value: unknown): value is T {
  return list.some((each) => each === value);
}

const { role, variant, client, url } = values;
if (role === "service") await serve();
else if (isOneOf(VARIANTS, variant) && isOneOf(CLIENTS, client) && url !== undefined)
  await runVariant(variant, client, url);
else await compare();
