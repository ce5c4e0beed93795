/**
 * What middleware adds to one request, by CPU time: the app with it and the bare app answer the same connections of one
 * process by turns of a few requests, in an order drawn anew each time, so that whatever else runs on the machine meets both
 * alike. Steadier by far than `middleware.ts`, which also measures what changes a whole process. The rows of a bare app
 * beside another bare one, and of one with nothing around it, show how far to trust the others.
 *
 *     node test/bench/middleware-cost.ts [processes] [name of a variant, or part of it] …
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { VariantName } from "./middleware-variants.ts";
import { bareOf, createPair, namesLike, proveApp } from "./middleware-variants.ts";
import { REQUEST } from "./middleware-request.ts";
import { formatRatio, inAnyOrder, median } from "./paired.ts";

const CONNECTIONS = 32;
const TURN_REQUESTS = 50;
const WARM_UP_ROUNDS = 1_200;
const ROUNDS = 1_500;

const ROLES = ["bare", "own"] as const;
type Role = (typeof ROLES)[number];

/** CPU time of a request, in microseconds: of each role, of every round. */
type Costs = Readonly<Record<Role, readonly number[]>>;

/** Keeps one request in flight on each connection until it is ended. */
async function drive(port: number): Promise<void> {
  for (let count = 0; count < CONNECTIONS; count += 1) {
    const socket = connect(port, "127.0.0.1").setNoDelay();
    await once(socket, "connect");
    socket.on("data", () => socket.write(REQUEST)).on("error", () => socket.destroy());
    socket.write(REQUEST);
  }
}

/** In a process of its own. */
async function measure(name: VariantName): Promise<Costs> {
  process.once("disconnect", () => process.exit(1));
  const apps = createPair(name);
  const costs = { bare: [] as number[], own: [] as number[] };
  let answer = apps.bare;
  const server = createServer((request, response) => answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (const role of ROLES) {
    answer = apps[role];
    await proveApp(role === "own" ? name : bareOf(name), port);
  }
  const client = fork(fileURLToPath(import.meta.url), ["client", String(port)]);
  await new Promise<void>((resolve) => {
    let round = 0;
    let waiting: Role[] = [];
    let role: Role = "bare";
    let left = TURN_REQUESTS;
    let since = process.cpuUsage();
    answer = (request, response) => {
      if (left === 0) takeTurn();
      left -= 1;
      apps[role](request, response);
    };
    function takeTurn(): void {
      const { user, system } = process.cpuUsage(since);
      if (round > WARM_UP_ROUNDS) costs[role].push((user + system) / TURN_REQUESTS);
      if (waiting.length === 0) {
        round += 1;
        waiting = [...inAnyOrder<Role>(...ROLES)];
      }
      if (round > WARM_UP_ROUNDS + ROUNDS) resolve();
      role = waiting.pop() ?? "bare";
      left = TURN_REQUESTS;
      since = process.cpuUsage();
    }
  });
  client.kill();
  return costs;
}

async function measured(name: VariantName): Promise<Costs> {
  const child = fork(fileURLToPath(import.meta.url), ["measure", name]);
  const [costs] = (await once(child, "message")) as [Costs];
  child.kill();
  return costs;
}

function rowOf(processes: readonly Costs[]): Readonly<Record<string, number | string>> {
  const own = median(processes.map((costs) => median(costs.own)));
  const more = processes.map((costs) => median(costs.own.map((cost, at) => cost - (costs.bare[at] as number))));
  return {
    "CPU µs/request": Number(own.toFixed(1)),
    "more than bare, µs": Number(median(more).toFixed(2)),
    "of bare": formatRatio(processes.map(({ bare, own }) => bare.map((cost, at) => cost / (own[at] as number)))),
  };
}

const [first = "8", ...rest] = process.argv.slice(2);
if (first === "client") await drive(Number(rest[0]));
else if (first === "measure") process.send?.(await measure(rest[0] as VariantName));
else {
  const names = new Set((rest.length === 0 ? ["bare", "no-op", "bounded", "boundary"] : rest).flatMap(namesLike));
  const found = new Map(
    [...names].filter((name) => !name.includes("OpenTelemetry")).map((name) => [name, [] as Costs[]]),
  );
  for (let turn = 0; turn < Number(first); turn += 1)
    for (const [name, processes] of found) processes.push(await measured(name));
  console.log(
    `${ROUNDS} rounds of ${TURN_REQUESTS} requests each in each of ${first} processes, ${CONNECTIONS} connections; ${process.version}`,
  );
  console.table(Object.fromEntries([...found].map(([name, processes]) => [name, rowOf(processes)])));
}
