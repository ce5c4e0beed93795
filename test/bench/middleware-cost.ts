/**
 * What middleware adds to one request, in CPU time and in bytes: whole requests through the app, without sockets. Steadier
 * than throughput, where other work shares the machine. Each variant is a process beside one of the bare app, which are
 * measured by turns; two processes of one app differ by more than a middleware costs, so there are several pairs of them.
 *
 *     node test/bench/middleware-cost.ts [pairs of processes] [name of a variant, or part of it]
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { once } from "node:events";
import type { Server } from "node:http";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { VariantName } from "./middleware-variants.ts";
import { createVariant, namesLike } from "./middleware-variants.ts";
import { formatRatio, median } from "./paired.ts";

const REQUESTS = 4000;
const WARM_UP_ROUNDS = 6;
const ROUNDS = 20;
const IN_FLIGHT = 32;
const GROWTHS = 20;
const TRACE = "0af7651916cd43dd8448eb211c80319c";

/** A head as a service behind two proxies sees it. */
const LINES = [
  ["Host", "shop.example"],
  [
    "User-Agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  ],
  ["Accept", "application/json, text/plain, */*"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Accept-Language", "en-GB,en;q=0.9"],
  ["Cookie", "session=0123456789abcdef0123456789abcdef; theme=dark"],
  ["Referer", "https://shop.example/products"],
  ["X-Forwarded-For", "203.0.113.7, 10.0.0.1"],
  ["X-Forwarded-Proto", "https"],
  ["X-Request-Id", "3f1c2a0e-7a55-4d1b-9a0c-0b7e5f1d2c3b"],
  ["traceparent", `00-${TRACE}-b7ad6b7169203331-01`],
  ["tracestate", "vendor=00f067aa0ba902b7"],
].flat();

const socket = new Socket();

/** As Node's parser makes it. */
class Message extends IncomingMessage {
  declare _addHeaderLines: (lines: readonly string[], count: number) => void;
}

function send(server: Server, url: string): ServerResponse {
  const request = new Message(socket);
  Object.assign(request, { httpVersionMajor: 1, httpVersionMinor: 1, httpVersion: "1.1", method: "GET", url });
  request._addHeaderLines(LINES.slice(), LINES.length);
  const response = new ServerResponse(request);
  server.emit("request", request, response);
  return response;
}

/** What an answer wrote before it was given a socket. */
function textOf(response: ServerResponse): string {
  const { outputData } = response as ServerResponse & { readonly outputData: readonly { readonly data: unknown }[] };
  return outputData.map(({ data }) => String(data)).join("");
}

async function prove(name: VariantName, server: Server): Promise<void> {
  const answers = ["/products/7", "/seen"].map((url) => send(server, url));
  await new Promise(setImmediate);
  const [product = "", seen = ""] = answers.map(textOf);
  assert.match(product, /200 OK[^]*\{"id":"7","name":"lamp","pieces":12\}$/, name);
  assert.equal(seen.endsWith(`\r\n\r\n${TRACE}`), !/bare|no-op/.test(name), name);
}

async function batch(server: Server): Promise<void> {
  const answers = Array.from({ length: IN_FLIGHT }, () => send(server, "/products/7"));
  await new Promise(setImmediate);
  for (const answer of answers) answer.emit("close");
}

/** Of one request. */
interface Cost {
  readonly cpuUs: number;
  readonly bytes: number;
}

async function costOf(server: Server): Promise<Cost> {
  const grown: number[] = [];
  for (let count = 0; count < GROWTHS; count += 1) {
    const before = process.memoryUsage().heapUsed;
    await batch(server);
    grown.push((process.memoryUsage().heapUsed - before) / IN_FLIGHT);
  }
  const before = process.cpuUsage();
  for (let sent = 0; sent < REQUESTS; sent += IN_FLIGHT) await batch(server);
  const { user, system } = process.cpuUsage(before);
  // Where the collector came by the heap has shrunk: the median does not see it.
  return { cpuUs: (user + system) / REQUESTS, bytes: median(grown) };
}

async function roundOf(child: ChildProcess): Promise<Cost> {
  child.send("round");
  const [cost] = (await once(child, "message")) as [Cost];
  return cost;
}

/** Whatever else runs on the machine can only add to the CPU time of a round. */
function leastOf(costs: readonly Cost[]): Cost {
  const counted = costs.slice(WARM_UP_ROUNDS);
  return { cpuUs: Math.min(...counted.map(({ cpuUs }) => cpuUs)), bytes: median(counted.map(({ bytes }) => bytes)) };
}

interface Pair {
  readonly bare: Cost;
  readonly own: Cost;
}

async function measurePair(name: VariantName): Promise<Pair> {
  const names = [name.startsWith("express") ? "express bare" : "hono bare", name];
  const [bare, own] = names.map((each) => ({
    child: fork(fileURLToPath(import.meta.url), [each]),
    costs: [] as Cost[],
  }));
  assert(bare !== undefined && own !== undefined);
  for (const { child } of [bare, own]) await once(child, "message");
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1)
    for (const { child, costs } of round % 2 === 0 ? [bare, own] : [own, bare]) costs.push(await roundOf(child));
  for (const { child } of [bare, own]) child.disconnect();
  return { bare: leastOf(bare.costs), own: leastOf(own.costs) };
}

function rowOf(pairs: readonly Pair[]): Readonly<Record<string, number | string>> {
  return {
    "CPU µs": Number(median(pairs.map(({ own }) => own.cpuUs)).toFixed(2)),
    "of bare": formatRatio(pairs.map(({ bare, own }) => [own.cpuUs / bare.cpuUs])),
    "more than bare, µs": Number(median(pairs.map(({ bare, own }) => own.cpuUs - bare.cpuUs)).toFixed(2)),
    bytes: Math.round(median(pairs.map(({ own }) => own.bytes))),
    "more than bare": Math.round(median(pairs.map(({ bare, own }) => own.bytes - bare.bytes))),
  };
}

const [count = "8", part = ""] = process.argv.slice(2);
if (process.send !== undefined) {
  const name = count as VariantName;
  const server = createVariant(name);
  await prove(name, server);
  process.on("message", () => void costOf(server).then((cost) => process.send?.(cost)));
  process.send("ready");
} else {
  const found = new Map(namesLike(part).map((name) => [name, [] as Pair[]]));
  for (let turn = 0; turn < Number(count); turn += 1)
    for (const [name, pairs] of found) pairs.push(await measurePair(name));
  console.log(`${count} pairs of processes, the least of ${ROUNDS} rounds of ${REQUESTS} requests; ${process.version}`);
  console.table(Object.fromEntries([...found].map(([name, pairs]) => [name, rowOf(pairs)])));
}
