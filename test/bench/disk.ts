/**
 * The queue's segment log beside node:sqlite, as a queue of the same records: put durably, take, mark as done. Proves
 * first that both give back what was put. Prints records per second, CPU per record and bytes on disk, for each way to
 * sync: `node test/bench/disk.ts [seconds per case]`.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import type { Batch } from "@tracemend/otlp";
import { systemClock } from "@tracemend/pipeline";
import { openLog } from "../../packages/pipeline/src/disk/log.ts";
import type { FsyncPolicy } from "../../packages/pipeline/src/disk/options.ts";

/** Senders at a time: what shares a write, in both. */
const concurrent = 16;

interface Store {
  /** Resolves once these are as durable as asked for. */
  put(batches: readonly Batch[]): Promise<void>;
  /** The payload of the oldest, which is then done with. */
  takeOne(): Promise<Uint8Array>;
  close(): Promise<void>;
}

function openSegmentLog(folder: string, fsync: FsyncPolicy): Store {
  const log = openLog({
    storage: { folder, fsync, maxBytes: 2 ** 40, segmentBytes: 16 * 1024 * 1024 },
    clock: systemClock,
    lost: () => {},
    wake: () => {},
    failed: (message) => {
      throw new Error(message);
    },
  });
  return {
    async put(batches) {
      await Promise.all(batches.map((batch) => log.append(batch, () => {})));
    },
    async takeOne() {
      const record = await log.next();
      if (record === undefined) throw new Error("the log is empty");
      log.settle(record);
      return record.batch.parts[0] as Uint8Array;
    },
    close: () => log.close(),
  };
}

/** In WAL mode `full` syncs each commit, and `normal` only checkpoints (SQLite, "PRAGMA synchronous"). */
function openSqlite(folder: string, synchronous: "full" | "normal" | "off"): Store {
  const database = new DatabaseSync(join(folder, "queue.db"));
  database.exec(`PRAGMA journal_mode = wal; PRAGMA synchronous = ${synchronous};
    CREATE TABLE queue (seq INTEGER PRIMARY KEY, signal INTEGER, items INTEGER, payload BLOB)`);
  const insert = database.prepare("INSERT INTO queue (signal, items, payload) VALUES (?, ?, ?)");
  const first = database.prepare("SELECT seq, payload FROM queue ORDER BY seq LIMIT 1");
  const remove = database.prepare("DELETE FROM queue WHERE seq = ?");
  return {
    async put(batches) {
      database.exec("BEGIN");
      for (const { items, parts } of batches) insert.run(0, items, parts[0] as Uint8Array);
      database.exec("COMMIT");
    },
    async takeOne() {
      const row = first.get() as { seq: number; payload: Uint8Array };
      remove.run(row.seq);
      return row.payload;
    },
    async close() {
      database.close();
    },
  };
}

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

async function measure(name: string, bytes: number, seconds: number, open: (folder: string) => Store): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bench-disk-"));
  const payload = new Uint8Array(bytes).map((_, index) => (index * 31) & 0xff);
  const group = Array.from({ length: concurrent }, (): Batch => ({
    signal: "traces",
    parts: [payload],
    items: 1,
    bytes,
  }));
  const store = open(folder);
  await store.put(group);
  for (const _ of group) {
    if (Buffer.compare(await store.takeOne(), payload) !== 0) throw new Error(`${name} gave back something else`);
  }
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  let put = 0;
  while (performance.now() - startMs < seconds * 1_000) {
    await store.put(group);
    put += concurrent;
  }
  const putMs = performance.now() - startMs;
  const putCpu = process.cpuUsage(startCpu);
  const size = sizeOf(folder);
  const takeMs = performance.now();
  for (let taken = 0; taken < put; taken++) await store.takeOne();
  const took = performance.now() - takeMs;
  await store.close();
  rmSync(folder, { recursive: true });
  const cpuMicros = (putCpu.user + putCpu.system) / put;
  const rate = (count: number, ms: number): string =>
    Math.round((count / ms) * 1_000)
      .toLocaleString("en")
      .padStart(9);
  process.stdout.write(
    `${name.padEnd(26)} ${String(bytes).padStart(7)} B  put ${rate(put, putMs)}/s  ${cpuMicros.toFixed(1).padStart(7)} µs CPU` +
      `  take ${rate(put, took)}/s  ${(size / (put * bytes)).toFixed(2)} bytes on disk a byte\n`,
  );
}

const seconds = Number(process.argv[2] ?? 1);
for (const bytes of [2_000, 100_000]) {
  await measure("segment log, always", bytes, seconds, (folder) => openSegmentLog(folder, "always"));
  await measure("sqlite wal, full", bytes, seconds, (folder) => openSqlite(folder, "full"));
  await measure("segment log, every 500 ms", bytes, seconds, (folder) => openSegmentLog(folder, { intervalMs: 500 }));
  await measure("sqlite wal, normal", bytes, seconds, (folder) => openSqlite(folder, "normal"));
  await measure("segment log, never", bytes, seconds, (folder) => openSegmentLog(folder, "never"));
  await measure("sqlite wal, off", bytes, seconds, (folder) => openSqlite(folder, "off"));
}
