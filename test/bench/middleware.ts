/**
 * What middleware costs a small app: bare Express and bare Hono beside the same app with the boundary in front, and with
 * OpenTelemetry's instrumentation. Each slice is compared with a slice of a bare app right before or after it, from a
 * client in another process. Two processes of one app differ by more than a middleware costs, so both apps are in one;
 * but OpenTelemetry's changes the whole process, and the bare app beside it has its own. Each variant is measured in
 * several processes, by turns with the other variants; the row of a bare app beside a bare one, which is always there,
 * shows how far to trust the others.
 *
 *     node test/bench/middleware.ts [processes] [name of a variant, or part of it] …
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { VariantName } from "./middleware-variants.ts";
import { bareOf, namesLike, proveApp } from "./middleware-variants.ts";
import { REQUEST } from "./middleware-request.ts";
import { formatRatio, inAnyOrder, median } from "./paired.ts";

const CONNECTIONS = 32;
/** Of each of the two apps. */
const SLICES = 16;
const SLICE_REQUESTS = 1000;
/** At 15,000 to 20,000 requests the compiler takes several times what the app does, and longer where there is more code. */
const WARM_UP_REQUESTS = 40_000;
const WARM_UP_TURNS = 8;

interface Server {
  readonly name: VariantName;
  readonly port: number;
  readonly answerBytes: number;
  readonly child: ChildProcess;
}

interface Slice {
  readonly perSecond: number;
  readonly cpuUs: number;
}

/** Apps in one process. */
async function start(...names: readonly VariantName[]): Promise<readonly Server[]> {
  const child = fork(fileURLToPath(new URL("./middleware-variants.ts", import.meta.url)), names);
  const [ports] = (await once(child, "message")) as [readonly number[]];
  const servers: Server[] = [];
  for (const [at, name] of names.entries()) {
    const port = ports[at] as number;
    servers.push({ name, port, child, answerBytes: await prove(name, port) });
  }
  return servers;
}

/** CPU time of the server so far, user and system, in microseconds. */
async function cpuOf({ child }: Server): Promise<number> {
  child.send("cpu");
  const [cpu] = (await once(child, "message")) as [number];
  return cpu;
}

/** Keeps one request in flight on each connection; every answer must be as long as the one that was proven. */
async function load({ port, answerBytes }: Server, requests: number): Promise<void> {
  let left = requests - CONNECTIONS;
  const drive = async (): Promise<void> => {
    const socket = connect(port, "127.0.0.1").setNoDelay();
    await once(socket, "connect");
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received < answerBytes) return;
      assert.equal(received, answerBytes);
      received = 0;
      left -= 1;
      if (left >= 0) socket.write(REQUEST);
      else socket.destroy();
    });
    socket.write(REQUEST);
    await once(socket, "close");
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, drive));
}

async function measure(server: Server): Promise<Slice> {
  const cpuBefore = await cpuOf(server);
  const before = performance.now();
  await load(server, SLICE_REQUESTS);
  const seconds = (performance.now() - before) / 1000;
  return { perSecond: SLICE_REQUESTS / seconds, cpuUs: ((await cpuOf(server)) - cpuBefore) / SLICE_REQUESTS };
}

/** Proves what the app answers; gives the answer's length on a kept connection. */
async function prove(name: VariantName, port: number): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  socket.write(REQUEST);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  assert.match(String(chunk), /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n\{"id":"7","name":"lamp","pieces":12\}$/, name);
  await proveApp(name, port);
  return chunk.length;
}

interface Pair {
  readonly bare: Slice;
  readonly own: Slice;
}

/** Both apps are new and get the same warm-up by turns: one that has served more would be the faster for it. */
async function slicesOf(name: VariantName): Promise<readonly Pair[]> {
  const [one, other] = inAnyOrder<"bare" | "own">("bare", "own");
  const nameOf = { bare: bareOf(name), own: name };
  const servers: Server[] = [];
  const slices: Pair[] = [];
  try {
    if (isOfWholeProcess(name)) servers.push(...(await start(nameOf[one])), ...(await start(nameOf[other])));
    else servers.push(...(await start(nameOf[one], nameOf[other])));
    const [first, second] = servers as [Server, Server];
    const [bare, own] = one === "bare" ? [first, second] : [second, first];
    for (let turn = 0; turn < WARM_UP_TURNS; turn += 1)
      for (const each of inAnyOrder(bare, own)) await load(each, WARM_UP_REQUESTS / WARM_UP_TURNS);
    for (let slice = 0; slice < SLICES; slice += 1) {
      const measured = new Map<Server, Slice>();
      for (const each of inAnyOrder(bare, own)) measured.set(each, await measure(each));
      slices.push({ bare: measured.get(bare) as Slice, own: measured.get(own) as Slice });
    }
  } finally {
    for (const child of new Set(servers.map((server) => server.child))) child.disconnect();
  }
  return slices;
}

function isOfWholeProcess(name: VariantName): boolean {
  return name.includes("OpenTelemetry");
}

function rowOf(turns: readonly (readonly Pair[])[]): Readonly<Record<string, number | string>> {
  const own = turns.flat().map((pair) => pair.own);
  return {
    "requests/s": Math.round(median(own.map(({ perSecond }) => perSecond))),
    "of bare": formatRatio(turns.map((each) => each.map(({ bare, own }) => own.perSecond / bare.perSecond))),
    "CPU µs/request": Number(median(own.map(({ cpuUs }) => cpuUs)).toFixed(1)),
    // What a core that does nothing else would serve, whoever else has it meanwhile.
    "by CPU time": formatRatio(turns.map((each) => each.map(({ bare, own }) => bare.cpuUs / own.cpuUs))),
  };
}

const processes = Number(process.argv[2] ?? 12);
const parts = process.argv.slice(3);
const asked = (parts.length === 0 ? [""] : parts).flatMap(namesLike);
const names = new Set([...asked.map(bareOf), ...asked]);
const found = new Map([...names].map((name) => [name, [] as (readonly Pair[])[]]));
const started = { cpu: process.cpuUsage(), ms: performance.now() };
for (let turn = 0; turn < processes; turn += 1) for (const [name, turns] of found) turns.push(await slicesOf(name));
const { user, system } = process.cpuUsage(started.cpu);
const ms = performance.now() - started.ms;
console.log(
  `${SLICES} slices of ${SLICE_REQUESTS} requests in each of ${processes} processes, ${CONNECTIONS} connections; ` +
    // Near 100 % it would be the client that is measured.
    `the client was busy for ${Math.round((user + system) / ms / 10)} % of ${Math.round(ms / 1000)} s; ${process.version}`,
);
console.table(Object.fromEntries([...found].map(([name, turns]) => [name, rowOf(turns)])));
