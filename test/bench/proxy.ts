/**
 * What a proxied request costs: CPU time of the process under test, throughput, latency added and memory, against named
 * rivals in one run. Each is proven to answer correctly before it is timed; what is not installed is left out with a
 * reason. Ratios hold; absolute figures are this host's.
 *
 * `node test/bench/proxy.ts [--row word]… [--rival name]… [--rounds n] [--share 0…1] [--no-memory] [--out file]`
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createAuthority } from "../support/certificates.ts";
import { peerOrReason } from "../support/peer.ts";
import type { Running } from "./proxy/contenders.ts";
import { CONTENDERS } from "./proxy/contenders.ts";
import type { Load } from "./proxy/load.ts";
import { load } from "./proxy/load.ts";
import type { Memory } from "./proxy/memory.ts";
import { measureMemory } from "./proxy/memory.ts";
import { startOrigin } from "./proxy/origin.ts";
import type { TlsFiles } from "./proxy/peer-configs.ts";
import { cpuMicrosOf, pinTo } from "./proxy/process-cost.ts";
import { carriesTrailers, prove } from "./proxy/prove.ts";
import type { Row } from "./proxy/rows.ts";
import { ROWS, chosenRows } from "./proxy/rows.ts";
import type { Measured } from "./proxy/table.ts";
import { formatTable, median } from "./proxy/table.ts";

const WARM_REQUESTS = 20_000;
const ALONE_REQUESTS = 400;

const { values: options } = parseArgs({
  options: {
    row: { type: "string", multiple: true, default: [] },
    rival: { type: "string", multiple: true, default: Object.keys(CONTENDERS) },
    rounds: { type: "string", default: "3" },
    share: { type: "string", default: "1" },
    "no-memory": { type: "boolean", default: false },
    out: { type: "string" },
  },
});
const rounds = Number(options.rounds);
const share = Number(options.share);

async function tlsFiles(folder: string): Promise<TlsFiles> {
  const authority = await createAuthority();
  const { key, cert } = await authority.issue(["127.0.0.1"]);
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem"), both: join(folder, "both.pem") };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  writeFileSync(files.both, `${cert}\n${key}`);
  return files;
}

interface Round {
  readonly cpuMicros: number;
  readonly full: Load;
  readonly alone: Load;
}

async function measure(row: Row, pid: number, port: number): Promise<Round> {
  const requests = Math.max(row.connections, Math.round(row.requests * share));
  const before = cpuMicrosOf(pid);
  const full = await load(row, port, requests);
  const cpuMicros = (cpuMicrosOf(pid) - before) / requests;
  return { cpuMicros, full, alone: await load(row, port, ALONE_REQUESTS, true) };
}

function summary(taken: readonly Round[], direct: readonly Load[]): Measured {
  const middle = (value: (round: Round) => number): number => median(taken.map(value));
  return {
    cpuMicros: middle(({ cpuMicros }) => cpuMicros),
    rate: middle(({ full }) => full.rate),
    addedP50Ms: middle(({ alone }) => alone.p50Ms) - median(direct.map(({ p50Ms }) => p50Ms)),
    addedP99Ms: middle(({ alone }) => alone.p99Ms) - median(direct.map(({ p99Ms }) => p99Ms)),
  };
}

/** With the seconds since the start. */
function progress(what: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
}

if (peerOrReason("h2load") === undefined) process.exit(0);
const rows = chosenRows(options.row);
const folder = mkdtempSync(join(tmpdir(), "bench-"));
const origin = await startOrigin();
const running: Running[] = [];
try {
  const tls = await tlsFiles(folder);
  pinTo(1, process.pid);
  pinTo(1, origin.pid);
  for (const name of options.rival) {
    const start = CONTENDERS[name];
    if (start === undefined) throw new TypeError(`no rival ${name}: ${Object.keys(CONTENDERS).join(", ")}`);
    const one = await start(origin.ports, tls);
    if (one === undefined) continue;
    pinTo(0, one.pid);
    running.push({ name, ...one });
    progress(`${name} runs`);
  }
  for (const one of running) await prove(one, rows);
  const trailers = new Map<string, boolean>();
  for (const one of running) trailers.set(one.name, await carriesTrailers(one));

  const memory = new Map<string, Memory>();
  if (!options["no-memory"])
    for (const one of running) {
      await load(ROWS[0] as Row, one.ports.http as number, WARM_REQUESTS / 2);
      const measured = await measureMemory(one, ROWS[0] as Row, origin).catch(String);
      if (typeof measured !== "string") memory.set(one.name, measured);
      progress(`${one.name}: memory ${typeof measured === "string" ? `not measured, ${measured}` : "measured"}`);
    }

  const measured = new Map<Row, ReadonlyMap<string, Measured>>();
  for (const row of rows) {
    const rounds_ = new Map<string, Round[]>(running.map(({ name }) => [name, []]));
    const able = running.filter(({ ports }) => ports[row.entry] !== undefined);
    const direct: Load[] = [];
    for (const { ports } of able) {
      const requests = Math.round((WARM_REQUESTS * row.requests * share) / (ROWS[0] as Row).requests);
      await load(row, ports[row.entry] as number, Math.max(row.connections, requests));
    }
    // In turns, so that whatever else the host does hits every rival alike.
    for (let round = 0; round < rounds; round += 1) {
      const plain: Row = { ...row, entry: row.entry === "grpc" ? "grpc" : "http" };
      direct.push(
        await load(plain, row.entry === "grpc" ? origin.ports.grpc : origin.ports.http, ALONE_REQUESTS, true),
      );
      for (const { name, pid, ports } of able) {
        const taken = await measure(row, pid, ports[row.entry] as number);
        rounds_.get(name)?.push(taken);
        progress(`${row.name}, round ${round + 1} of ${rounds}: ${name} ${taken.cpuMicros.toFixed(1)} µs`);
      }
    }
    const each = able.map(({ name }) => [name, summary(rounds_.get(name) ?? [], direct)] as const);
    measured.set(row, new Map(each));
  }
  for (const one of running) if (one.spans) progress(`${one.name}: ${await one.exported()} spans were exported`);
  const names = running.map(({ name }) => name);
  const text = formatTable({ names, measured, memory, trailers, rounds });
  process.stdout.write(text);
  if (options.out !== undefined) writeFileSync(options.out, text);
} finally {
  for (const one of running) await one.stop();
  origin.stop();
  rmSync(folder, { recursive: true, force: true });
}
