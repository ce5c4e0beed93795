/** Load: h2load sends one request again on each connection as its answer is complete, and tells how long each took. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPeer, librariesOf } from "../../peers/cache.ts";
import type { Row } from "./rows.ts";

export interface Load {
  /** Requests in a second. */
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** By then it is a proxy that hangs. */
const LATE_MS = 120_000;

/** Rejects where an answer was missing, late or not of status 200. `alone`: one request at a time. */
export async function load(row: Row, port: number, requests: number, alone = false): Promise<Load> {
  const folder = mkdtempSync(join(tmpdir(), "load-"));
  try {
    const log = join(folder, "log");
    const body = join(folder, "body");
    if (row.body !== undefined) writeFileSync(body, row.body);
    const startedMs = performance.now();
    const said = await run([
      ...(row.entry === "grpc" ? ["-p", "h2c"] : ["--h1"]),
      "-n",
      String(requests),
      "-c",
      String(alone ? 1 : row.connections),
      "-m",
      String(alone ? 1 : row.streams),
      ...row.fields.flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
      ...(row.body === undefined ? [] : ["-d", body]),
      "--log-file",
      log,
      `${row.entry === "tls" ? "https" : "http"}://127.0.0.1:${port}${row.path}`,
    ]);
    const seconds = (performance.now() - startedMs) / 1000;
    const answers = Number(/status codes: (\d+) 2xx/.exec(said)?.[1]);
    if (answers !== requests) throw new Error(`${row.name}: ${answers} of ${requests} answers were right\n${said}`);
    const micros = readFileSync(log, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => Number(line.split("\t")[2]));
    micros.sort((a, b) => a - b);
    const at = (share: number): number => (micros[Math.floor(share * (micros.length - 1))] ?? Number.NaN) / 1000;
    return { rate: requests / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(args: readonly string[]): Promise<string> {
  const env = { ...process.env, LD_LIBRARY_PATH: librariesOf("h2load") };
  const child = spawn(findPeer("h2load") as string, args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: LATE_MS });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(said));
  });
}
