/** A real program from the cache or PATH, run for one test; where it is not installed the test says so and is skipped. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPeer, librariesOf } from "../peers/cache.ts";

/** The path of the program; undefined, and a line that says why, where it is not installed. */
export function peerOrReason(name: string): string | undefined {
  const path = findPeer(name);
  if (path === undefined)
    process.stderr.write(`skipped: ${name} is not installed (node test/peers/install.ts ${name})\n`);
  return path;
}

export interface RunningPeer {
  /** Process id. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the program with a configuration file and waits until it accepts connections on the port. */
export async function startPeer(
  name: string,
  config: { readonly file: string; readonly text: string },
  args: (file: string) => readonly string[],
  port: number,
): Promise<RunningPeer> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const file = join(folder, config.file);
  writeFileSync(file, config.text);
  const output: string[] = [];
  const child = spawn(findPeer(name) as string, args(file), {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LD_LIBRARY_PATH: librariesOf(name) },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output.push(text));
  }
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      rmSync(folder, { recursive: true, force: true });
      resolve();
    });
  });
  const stop = (): Promise<void> => {
    child.kill("SIGKILL");
    return ended;
  };
  while (!(await accepts(port))) {
    if (hasEnded(child)) throw new Error(`${name} ended while starting:\n${output.join("")}`);
  }
  return { pid: child.pid as number, stop };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const done = (open: boolean) => () => {
      socket.destroy();
      // A refused connection answers at once; without a turn in between the loop would starve the process's own output.
      setImmediate(resolve, open);
    };
    socket.once("connect", done(true)).once("error", done(false));
  });
}
