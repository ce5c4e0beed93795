import { once } from "node:events";
import { createServer, request } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fieldValue } from "@tracemend/context";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Collector } from "../support/collector.ts";
import { startCollector } from "../support/collector.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";

const closing: (() => Promise<unknown> | void)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const PARENT = "00f067aa0ba902b7";
const TRACEPARENT = `00-4bf92f3577b34da6a3ce929d0e0e4736-${PARENT}-01`;

/** How long the machine may take for what a step waits for. */
const STEP_MS = 30_000;

interface Workers {
  readonly workers: readonly { readonly pid: number; readonly crossings: number; readonly open: number }[];
  readonly crashes: number;
  readonly lostGrants: number;
}

let server: Server;
let collector: Collector;
let program: ProgramProcess;
/** The parent ids that the service was called with. */
let parents: string[];
let serve: (request: IncomingMessage, response: ServerResponse) => void;

// A program with two workers takes seconds to start: each test goes on where the one before it ended.
beforeAll(async () => {
  parents = [];
  serve = (_request, response) => response.end("ok");
  server = createServer((incoming, response) => {
    parents.push(fieldValue(incoming.rawHeaders, "traceparent")?.split("-")[2] ?? "none");
    incoming.resume();
    serve(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  collector = await startCollector();
  closing.push(() => collector.close());
  program = await startProgram(configOf("/"));
  closing.push(() => program.stop());
  // Room is leased to both once the destination can be reached.
  while (!(await askAll())) await metric('tracemend_destination_reachable{destination="agent"}', 1);
});

function configOf(prefix: string): string {
  return `
cluster: eu-1
workers: 2
boundaries:
  - name: out
    side: egress
    listen: "127.0.0.1:0"
    routes:
      - { name: all, match: { path_prefix: ${prefix} }, upstream: service }
      - { answer: { status: 200, body: direct } }
upstreams: { service: { url: "http://127.0.0.1:${(server.address() as AddressInfo).port}" } }
destinations:
  agent:
    endpoint: http://127.0.0.1:${collector.port}
    batch: { max_age_ms: 20 }
    retry: { initial_interval_ms: 50, max_interval_ms: 100 }
shutdown: { drain_ms: 20000, flush_ms: 5000 }
admin: { listen: "127.0.0.1:0" }
`;
}

async function workers(): Promise<Workers> {
  return JSON.parse((await program.page("/diagnostics/workers")).text) as Workers;
}

async function metric(name: string, wanted: number): Promise<void> {
  let text = "";
  while (!text.includes(`${name} ${wanted}\n`)) ({ text } = await program.page("/metrics"));
}

/** A request over a connection of its own: the status, or 0 where there was no whole answer. */
function ask(path = "/"): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(`${program.url("boundary out")}${path}`, {
      agent: false,
      headers: { traceparent: TRACEPARENT },
    });
    sent.once("error", () => resolve(0));
    sent.once("response", (response) => {
      response.once("error", () => resolve(0)).once("end", () => resolve(response.statusCode ?? 0));
      response.resume();
    });
    sent.end();
  });
}

/** Whether both workers have served, and every request went on under a span of ours. */
async function askAll(): Promise<boolean> {
  await Promise.all(Array.from({ length: 8 }, () => ask()));
  const both = (await workers()).workers.every(({ crossings }) => crossings > 0);
  return both && parents.slice(-8).every((parent) => parent !== PARENT);
}

/** So many requests that the service holds, and their answers once it lets them go. */
async function hold(count: number): Promise<{ answers: Promise<number>[]; release: () => void }> {
  const held: ServerResponse[] = [];
  serve = (_request, response) => {
    held.push(response);
    server.emit("held");
  };
  const answers = Array.from({ length: count }, () => ask("/held"));
  while (held.length < count) await once(server, "held");
  serve = (_request, response) => response.end("ok");
  return {
    answers,
    release() {
      for (const response of held) response.end("late");
    },
  };
}

interface Load {
  going: boolean;
  readonly statuses: number[];
}

async function hammer(load: Load): Promise<void> {
  while (load.going) load.statuses.push(await ask());
}

function own(): readonly string[] {
  return parents.filter((parent) => parent !== PARENT);
}

interface Row {
  readonly received: number;
  readonly exported: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly refusedByPeer: number;
  readonly sampledOut: number;
  readonly queued: number;
  readonly inFlight: number;
}

async function ledger(): Promise<Row> {
  const { text } = await program.page("/diagnostics/pipeline");
  return (JSON.parse(text) as { ledger: [Row] }).ledger[0];
}

function sumOf({ exported, dropped, refusedByPeer, sampledOut, queued, inFlight }: Row): number {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  return exported + lost + refusedByPeer + sampledOut + queued + inFlight;
}

describe("two workers", { timeout: 90_000 }, () => {
  it("share a port and one ledger, and every parent id that left is exported", async () => {
    const before = parents.length;
    const statuses = await Promise.all(Array.from({ length: 200 }, () => ask()));
    expect(statuses.every((status) => status === 200)).toBe(true);
    expect(parents).toHaveLength(before + 200);
    expect((await workers()).workers).toHaveLength(2);
    const wanted = own();
    await collector.until((spans) => wanted.every((id) => spans.some(({ spanId }) => spanId === id)));
    // A SERVER span goes with each of them, and each crossing was told once.
    await expect.poll(async () => (await ledger()).exported, { timeout: STEP_MS }).toBe(2 * wanted.length);
    const row = await ledger();
    expect(row.received).toBe(sumOf(row));
    expect(collector.spans).toHaveLength(row.exported);
    const crossings = (await workers()).workers.reduce((sum, worker) => sum + worker.crossings, 0);
    expect(crossings).toBe(parents.length);
    const { text } = await program.page("/metrics");
    const counted = [...text.matchAll(/^tracemend_crossings_total\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(parents.length);
  });

  it("go by another configuration without a failed request", async () => {
    const load = { going: true, statuses: [] as number[] };
    const callers = [hammer(load), hammer(load), hammer(load)];
    for (const prefix of ["/a", "/b", "/"]) {
      program.write("tracemend.yaml", configOf(prefix));
      const reloaded = program.said("reloaded");
      program.signal("SIGHUP");
      await reloaded;
      const before = parents.length;
      await Promise.all(Array.from({ length: 6 }, () => ask(prefix)));
      expect(parents.length).toBeGreaterThanOrEqual(before + 6);
    }
    const refused = program.said("not reloaded");
    program.write("tracemend.yaml", configOf("/").replace("upstream: service }", "upstream: nobody }"));
    program.signal("SIGHUP");
    await refused;
    load.going = false;
    await Promise.all(callers);
    expect(load.statuses.filter((status) => status !== 200)).toEqual([]);
    expect((await workers()).crashes).toBe(0);
  });

  it("lose with one that is killed its own requests alone, and count the spans that will not come", async () => {
    const { answers, release } = await hold(12);
    const opens = async () => (await workers()).workers.map(({ open }) => open).toSorted((a, b) => a - b);
    await expect.poll(async () => (await opens()).reduce((sum, open) => sum + open, 0), { timeout: STEP_MS }).toBe(12);
    const [victim] = (await workers()).workers.toSorted((a, b) => b.open - a.open);
    const load = { going: true, statuses: [] as number[] };
    const hammers = [hammer(load), hammer(load)];
    process.kill(victim?.pid ?? 0, "SIGKILL");
    await expect.poll(async () => (await workers()).crashes, { timeout: STEP_MS }).toBe(1);
    load.going = false;
    await Promise.all(hammers);
    release();
    const statuses = await Promise.all(answers);
    const failed = statuses.filter((status) => status === 0).length;
    expect(failed).toBe(victim?.open);
    expect(statuses.filter((status) => status === 200)).toHaveLength(12 - failed);
    // At most one of each hammer was with the worker as it died.
    expect(load.statuses.filter((status) => status !== 200).length).toBeLessThanOrEqual(2);
    const { lostGrants } = await workers();
    expect(lostGrants).toBeGreaterThanOrEqual(failed);
    expect(lostGrants).toBeLessThanOrEqual(failed + 4);
    await metric("tracemend_workers", 2);
    await metric("tracemend_worker_crashes_total", 1);
    const row = await ledger();
    expect(row.received).toBe(sumOf(row));
    // Its room is free again.
    await expect
      .poll(async () => (await program.page("/metrics")).text, { timeout: STEP_MS })
      .toMatch(/tracemend_upstream_requests_open\{boundary="out",upstream="service"\} 0/);
  });

  it("send the parent that came in where the destination is gone, and their own again when it is back", async () => {
    const { port } = collector;
    await collector.close();
    await metric('tracemend_destination_reachable{destination="agent"}', 0);
    await Promise.all(Array.from({ length: 8 }, () => ask()));
    expect(parents.slice(-8)).toEqual(Array.from({ length: 8 }, () => PARENT));
    collector = await startCollector(port);
    await expect.poll(askAll, { timeout: STEP_MS }).toBe(true);
    const last = parents.slice(-8);
    await collector.until((spans) => last.every((id) => spans.some(({ spanId }) => spanId === id)));
  });

  it("let open requests finish at SIGTERM, export their spans and end with 0", async () => {
    const before = parents.length;
    const { answers, release } = await hold(8);
    program.signal("SIGTERM");
    await expect.poll(() => ask(), { timeout: STEP_MS }).toBe(0);
    release();
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(await program.ended).toBe(0);
    const last = parents.slice(before);
    expect(last).not.toContain(PARENT);
    expect(last.filter((id) => !collector.spans.some(({ spanId }) => spanId === id))).toEqual([]);
  });
});
