/**
 * What middleware adds to one request, in CPU time of the process: whole requests through the app, without sockets.
 * Steadier than throughput, where other work shares the machine. Two processes of one app differ by more than a
 * middleware costs, so each variant is measured in several, by turns with the others.
 *
 *     node test/bench/middleware-cost.ts [processes for each variant] [part of the variants' names]
 */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import type { Server } from "node:http";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { VariantName } from "./middleware-variants.ts";
import { VARIANT_NAMES, createVariant } from "./middleware-variants.ts";

const REQUESTS = 2000;
const WARM_UP_ROUNDS = 8;
const ROUNDS = 25;
const IN_FLIGHT = 32;
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

/** Microseconds of CPU time for one request. */
async function cost(server: Server): Promise<number> {
  const before = process.cpuUsage();
  for (let sent = 0; sent < REQUESTS; sent += IN_FLIGHT) {
    const answers = Array.from({ length: IN_FLIGHT }, () => send(server, "/products/7"));
    await new Promise(setImmediate);
    for (const answer of answers) answer.emit("close");
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / REQUESTS;
}

/** Whatever else runs on the machine can only add to the CPU time of a round. */
async function least(name: VariantName): Promise<number> {
  const server = createVariant(name);
  await prove(name, server);
  let found = Number.POSITIVE_INFINITY;
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const micros = await cost(server);
    if (round >= WARM_UP_ROUNDS) found = Math.min(found, micros);
  }
  return found;
}

async function leastInProcess(name: VariantName): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), ["1", name]);
  const ended = once(child, "exit").then(() => Promise.reject(new Error(`${name} ended without a figure`)));
  const [found] = (await Promise.race([once(child, "message"), ended])) as [number];
  child.disconnect();
  return found;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1] as number;
}

const [processes = "5", part = ""] = process.argv.slice(2);
if (process.send !== undefined) process.send(await least(part as VariantName));
else {
  const wanted = (name: VariantName): boolean => name.includes(part) || name.endsWith("bare");
  const found = new Map(VARIANT_NAMES.filter(wanted).map((name) => [name, [] as number[]]));
  for (let turn = 0; turn < Number(processes); turn += 1)
    for (const [name, all] of found) all.push(await leastInProcess(name));
  const rows = [...found].map(([name, all]) => {
    const bare = median(found.get(name.startsWith("express") ? "express bare" : "hono bare") ?? []);
    const [own, spread] = [median(all), Math.max(...all) - Math.min(...all)];
    const row = { "CPU µs": own, "more than bare": own - bare, "of bare": own / bare, spread };
    return [name, Object.fromEntries(Object.entries(row).map(([key, value]) => [key, Number(value.toFixed(2))]))];
  });
  console.log(
    `medians of ${processes} processes, each the least of ${ROUNDS} rounds of ${REQUESTS} requests; ${process.version}`,
  );
  console.table(Object.fromEntries(rows));
}
