/**
 * What middleware costs a small app on one core's worth of requests: bare Express and bare Hono beside the same app with
 * the boundary in front, and with OpenTelemetry's instrumentation. Every variant is a process of its own; they take turns
 * within each round, and a variant is compared with the bare app of the same round.
 *
 *     node test/bench/middleware.ts [rounds]
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { VariantName } from "./middleware-variants.ts";
import { VARIANT_NAMES } from "./middleware-variants.ts";

const CONNECTIONS = 32;
const SLICE_MS = 250;
const WARM_UP_MS = 1500;

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;

/** A head as a service behind two proxies sees it. */
const HEAD = [
  "GET /products/7 HTTP/1.1",
  "Host: shop.example",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Accept: application/json, text/plain, */*",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9",
  "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
  "Referer: https://shop.example/products",
  "X-Forwarded-For: 203.0.113.7, 10.0.0.1",
  "X-Forwarded-Proto: https",
  "X-Request-Id: 3f1c2a0e-7a55-4d1b-9a0c-0b7e5f1d2c3b",
  `traceparent: ${TRACEPARENT}`,
  "tracestate: vendor=00f067aa0ba902b7",
];
const REQUEST = Buffer.from(`${HEAD.join("\r\n")}\r\n\r\n`);

interface Server {
  readonly name: VariantName;
  readonly port: number;
  readonly child: ChildProcess;
}

interface Slice {
  readonly perSecond: number;
  readonly cpuUs: number;
}

async function start(name: VariantName): Promise<Server> {
  const child = fork(fileURLToPath(new URL("./middleware-variants.ts", import.meta.url)), [name]);
  const [port] = (await once(child, "message")) as [number];
  return { name, port, child };
}

/** CPU time of the server so far, user and system, in microseconds. */
async function cpuOf({ child }: Server): Promise<number> {
  child.send("cpu");
  const [cpu] = (await once(child, "message")) as [number];
  return cpu;
}

/** Keeps one request in flight on each connection; every answer must be as long as the first, which was checked. */
async function load({ port }: Server, ms: number, answerBytes: number): Promise<number> {
  const until = performance.now() + ms;
  let requests = 0;
  const drive = async (): Promise<void> => {
    const socket = connect(port, "127.0.0.1").setNoDelay();
    await once(socket, "connect");
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received < answerBytes) return;
      assert.equal(received, answerBytes);
      received = 0;
      requests += 1;
      if (performance.now() < until) socket.write(REQUEST);
      else socket.destroy();
    });
    socket.write(REQUEST);
    await once(socket, "close");
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, drive));
  return requests;
}

async function measure(server: Server, answerBytes: number): Promise<Slice> {
  const cpuBefore = await cpuOf(server);
  const before = performance.now();
  const requests = await load(server, SLICE_MS, answerBytes);
  const seconds = (performance.now() - before) / 1000;
  return { perSecond: requests / seconds, cpuUs: ((await cpuOf(server)) - cpuBefore) / requests };
}

/** Proves the answer, then tells its length on a kept connection. */
async function prove({ name, port }: Server): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  socket.write(REQUEST);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  const answer = String(chunk);
  assert.match(answer, /^HTTP\/1.1 200 OK\r\n/, name);
  const body: unknown = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
  assert.deepEqual(body, { id: "7", name: "lamp", pieces: 12 }, name);
  const seen = await fetch(`http://127.0.0.1:${port}/seen`, { headers: { traceparent: TRACEPARENT } });
  assert.equal(await seen.text(), name.endsWith("bare") || name.endsWith("no-op") ? "" : TRACE, name);
  return chunk.length;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

const rounds = Number(process.argv[2] ?? 20);
const servers = await Promise.all(VARIANT_NAMES.map(start));
try {
  const answerBytes = new Map<Server, number>();
  for (const server of servers) answerBytes.set(server, await prove(server));
  for (const server of servers) await load(server, WARM_UP_MS, answerBytes.get(server) as number);
  const slices = new Map<VariantName, Slice[]>(VARIANT_NAMES.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const server of round % 2 === 0 ? servers : servers.toReversed())
      slices.get(server.name)?.push(await measure(server, answerBytes.get(server) as number));
  }
  const bareOf = (name: VariantName): readonly Slice[] =>
    slices.get(name.startsWith("express") ? "express bare" : "hono bare") as readonly Slice[];
  console.log(`${rounds} rounds of ${SLICE_MS} ms, ${CONNECTIONS} connections; medians; Node ${process.version}`);
  console.table(
    Object.fromEntries(
      VARIANT_NAMES.map((name) => {
        const own = slices.get(name) as readonly Slice[];
        const ratio = (of: (slice: Slice) => number): number =>
          Number(median(own.map((slice, at) => of(slice) / of(bareOf(name)[at] as Slice))).toFixed(3));
        return [
          name,
          {
            "requests/s": Math.round(median(own.map(({ perSecond }) => perSecond))),
            "of bare": ratio(({ perSecond }) => perSecond),
            "CPU µs/request": Number(median(own.map(({ cpuUs }) => cpuUs)).toFixed(1)),
            "CPU of bare": ratio(({ cpuUs }) => cpuUs),
          },
        ];
      }),
    ),
  );
} finally {
  for (const { child } of servers) child.disconnect();
}
