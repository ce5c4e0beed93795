/** The processes of the demonstration: started, waited for, and ended by us alone. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface Running {
  readonly name: string;
  /** Resolves when the process has ended; SIGTERM first, SIGKILL when it does not go. */
  stop(): Promise<void>;
}

const GRACE_MS = 12_000;
const START_TRIES = 300;
const TRY_EVERY_MS = 50;

/** Starts a TypeScript file under this Node and waits until it listens on `port`. */
export async function start(
  name: string,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  port: number,
): Promise<Running> {
  const output: string[] = [];
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // Ctrl-C reaches the whole foreground group; in a group of its own a child ends when we say so, in our order.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output.push(text));
  }
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  process.once("exit", () => child.kill("SIGKILL"));
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if (child.exitCode !== null) throw new Error(`${name} ended while starting:\n${output.join("")}`);
    if (await accepts(port)) return { name, stop: () => stop(child, ended) };
    await pause(TRY_EVERY_MS);
  }
  child.kill("SIGKILL");
  throw new Error(`${name} did not listen on 127.0.0.1:${port}:\n${output.join("")}`);
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  const gone = new AbortController();
  void pause(GRACE_MS, gone.signal).then(() => gone.signal.aborted || child.kill("SIGKILL"));
  await ended;
  gone.abort();
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const done = (open: boolean) => () => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", done(true)).once("error", done(false));
  });
}

/** Ends early when the signal is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {});
}
