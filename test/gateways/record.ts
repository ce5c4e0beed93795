/**
 * Records what real gateways do to the lines of a request: `node test/gateways/record.ts [setup …]`. One file a setup, in
 * `recordings`; what is not installed is skipped and said (`node test/peers/install.ts` installs it).
 */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../examples/two-clusters/ports.ts";
import { CACHE, findPeer, librariesOf, versionOf } from "../peers/cache.ts";
import { PEERS } from "../peers/peers.ts";
import { serveOnSocket, toRawLines } from "../support/raw-exchange.ts";
import { REQUESTS, bordersOf, leave } from "./borders.ts";
import type { Recording } from "./recordings.ts";
import { writeRecording } from "./recordings.ts";
import type { Setup } from "./setups.ts";
import { SETUPS } from "./setups.ts";

const START_MS = 20_000;

const ARGUMENTS: Readonly<Record<Setup["program"], (file: string, folder: string) => readonly string[]>> = {
  nginx: (file, folder) => ["-p", folder, "-c", file],
  haproxy: (file) => ["-db", "-f", file],
  caddy: (file) => ["run", "--config", file, "--adapter", "caddyfile"],
  envoy: (file) => ["-c", file, "--concurrency", "1", "--disable-hot-restart", "-l", "error"],
  apache: (file) => ["-f", file, "-DFOREGROUND"],
};

function environment(program: Setup["program"], folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
    FOLDER: folder,
    MODULES: join(CACHE, "apache", "usr", "lib", "apache2", "modules"),
    LD_LIBRARY_PATH: librariesOf(program),
  };
}

async function listens(port: number, child: ChildProcess): Promise<void> {
  const untilMs = Date.now() + START_MS;
  while (child.exitCode === null && Date.now() < untilMs) {
    const socket = connect(port, "127.0.0.1");
    const up = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it does not listen");
}

async function record(setup: Setup, binary: string): Promise<Recording> {
  const folder = mkdtempSync(join(tmpdir(), `gateway-${setup.name}-`));
  const heads: (readonly string[])[] = [];
  const upstream = await serveOnSocket((request, response) => {
    heads.push(request.rawHeaders);
    response.end("ok");
  });
  const ports = { ...(await freePorts(["listen", "nowhere"])), upstream: upstream.port };
  const file = join(folder, setup.program === "envoy" ? "envoy.yaml" : "gateway.conf");
  writeFileSync(file, setup.config(ports));
  const child = spawn(binary, ARGUMENTS[setup.program](file, folder), {
    stdio: ["ignore", "ignore", "pipe"],
    env: environment(setup.program, folder),
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2_000)));
  const ended = once(child, "close");
  try {
    await listens(ports.listen, child);
    const borders = bordersOf(setup);
    const requests: Recording["requests"][number][] = [];
    for (let number = 0; number < REQUESTS; number += 1) {
      const { lines } = leave(borders, number);
      await send(ports.listen, lines);
      const received = heads.at(-1);
      if (heads.length !== number + 1 || received === undefined)
        throw new Error(`request ${number} did not come through`);
      requests.push({ sent: lines, received: received.map((value) => masked(value, ports)) });
    }
    return { setup: setup.name, version: numberOf(setup.program, binary), requests };
  } catch (error) {
    throw new Error(`${setup.name}: ${String(error)}\n${said}`, { cause: error });
  } finally {
    child.kill("SIGTERM");
    await ended;
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function numberOf(program: Setup["program"], binary: string): string {
  const peer = PEERS.find(({ name }) => name === program);
  const line = peer && versionOf(peer, binary);
  return /\d+\.\d+\.\d+/.exec(line ?? "")?.[0] ?? "unknown";
}

/** A recording is the same whatever ports the kernel gave. */
function masked(value: string, { listen, upstream }: { listen: number; upstream: number }): string {
  return value.replaceAll(`:${listen}`, ":8080").replaceAll(`:${upstream}`, ":9090");
}

async function send(port: number, lines: readonly string[]): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.resume();
  socket.write(`${["GET / HTTP/1.1", "Connection: close", ...toRawLines(lines)].join("\r\n")}\r\n\r\n`);
  await once(socket, "close");
}

const wanted = process.argv.slice(2);
for (const setup of SETUPS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const binary = findPeer(setup.program);
  process.stdout.write(`${setup.name.padEnd(28)} `);
  if (binary === undefined) {
    process.stdout.write(`skipped: there is no ${setup.program}\n`);
    continue;
  }
  const recording = await record(setup, binary);
  writeRecording(recording);
  process.stdout.write(`${setup.program} ${recording.version}, ${recording.requests.length} requests\n`);
}
