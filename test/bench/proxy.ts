/**
 * CPU time of a proxy's process per small request, against named rivals in one run. Each is proven to answer correctly
 * before it is timed. `node test/bench/proxy.ts [requests per round]`; ratios hold, absolute figures are this host's.
 */
import { fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { load } from "./proxy/load.ts";
import { startOrigin } from "./proxy/origin.ts";

const REQUESTS = Number(process.argv[2] ?? 4_000);
const ROUNDS = 10;
const WARMUP = 20_000;
const CONNECTIONS = 32;
const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const HEAD = [
  "Host: shop.example",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
  "Accept: application/json, text/plain, */*",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9",
  "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
  "X-Forwarded-For: 203.0.113.7",
  "X-Forwarded-Proto: https",
  "X-Request-Id: 6f1d2c3b-4a59-4877-8691-a0b1c2d3e4f5",
  `traceparent: ${TRACEPARENT}`,
  "tracestate: vendor=00f067aa0ba902b7",
].join("\r\n");

const SCENARIOS = {
  "GET, 11 fields": `GET /items/42?view=full HTTP/1.1\r\n${HEAD}\r\n\r\n`,
  "POST, 200 bytes": `POST /items HTTP/1.1\r\n${HEAD}\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n${"x".repeat(200)}`,
} as const;

const RIVALS = ["tracemend", "tracemend without spans", "node:http + undici", "http-proxy-3"] as const;

interface Running {
  readonly port: number;
  /** CPU microseconds used so far, user and system. */
  cpuMicros(): Promise<number>;
  stop(): void;
}

async function start(rival: string, originPort: number): Promise<Running> {
  const file = fileURLToPath(new URL("proxy/rival.ts", import.meta.url));
  const child = fork(file, [rival, String(originPort)]);
  pin(child, 0);
  const port = await answerOf(child);
  return {
    port,
    cpuMicros: () => {
      child.send("cpu");
      return answerOf(child);
    },
    stop: () => child.kill(),
  };
}

function answerOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const exited = (code: number | null): void => reject(new Error(`rival ended with ${code}`));
    child.once("exit", exited);
    child.once("message", (message) => {
      child.off("exit", exited);
      resolve(Number(message));
    });
  });
}

/** The process under test has a core of its own; load and origin share the other. */
function pin(child: ChildProcess, core: number): void {
  if (existsSync("/usr/bin/taskset")) spawn("taskset", ["-a", "-p", "-c", String(core), String(child.pid)]);
}

async function prove(rival: string, port: number): Promise<void> {
  for (const request of Object.values(SCENARIOS)) {
    const { answers, echoed } = await load(port, request, 1, 1);
    assert.equal(answers, 1, rival);
    const parent = /^traceparent: (.*)$/im.exec(echoed)?.[1];
    if (rival === "tracemend")
      assert.match(parent ?? "", /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/);
    else assert.equal(parent, TRACEPARENT, rival);
    assert.match(echoed, /^x-request-id: 6f1d2c3b/im, rival);
  }
}

const origin = await startOrigin();
const proxies = await Promise.all(RIVALS.map(async (rival) => ({ rival, proxy: await start(rival, origin.port) })));
for (const { rival, proxy } of proxies) await prove(rival, proxy.port);
for (const [scenario, request] of Object.entries(SCENARIOS)) {
  const micros = new Map<string, number>();
  for (const { proxy } of proxies) await load(proxy.port, request, CONNECTIONS, WARMUP);
  // In turns, so that whatever else the host does hits every rival alike.
  for (let round = 0; round < ROUNDS; round += 1)
    for (const { rival, proxy } of proxies) {
      const before = await proxy.cpuMicros();
      await load(proxy.port, request, CONNECTIONS, REQUESTS);
      const each = ((await proxy.cpuMicros()) - before) / REQUESTS;
      micros.set(rival, Math.min(micros.get(rival) ?? Number.POSITIVE_INFINITY, each));
    }
  console.log(`\n${scenario}: CPU per request, best of ${ROUNDS} × ${REQUESTS}, ${CONNECTIONS} connections`);
  const base = micros.get("http-proxy-3") ?? Number.NaN;
  for (const [rival, each] of micros)
    console.log(`  ${rival.padEnd(24)} ${each.toFixed(1).padStart(6)} µs   ${(each / base).toFixed(2)} × http-proxy-3`);
}
for (const { proxy } of proxies) proxy.stop();
origin.stop();
