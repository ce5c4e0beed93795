/** The program as a process of its own: started from a configuration text, known by its log, ended by signal. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "./workspace.ts";

export interface ProgramProcess {
  /** Process id. */
  readonly pid: number;
  /** `http://host:port` of a listener, by the name in its log line, such as `boundary egress` or `admin`. */
  url(listener: string): string;
  /** What the page of the admin port says now. */
  page(path: string): Promise<{ readonly status: number; readonly text: string }>;
  signal(signal: NodeJS.Signals): void;
  /** Closes what its standard output is read from. */
  deafen(): void;
  /** Writes a file beside the configuration; `tracemend.yaml` is the configuration itself. */
  write(file: string, text: string): void;
  /** Resolves with the next log line of this message. */
  said(message: string): Promise<unknown>;
  /** The exit code. */
  readonly ended: Promise<number | null>;
  /** SIGTERM where it still runs, and the end of it. */
  stop(): Promise<number | null>;
}

const MAIN = join(ROOT, "packages", "tracemend", "src", "main.ts");

/** `files`: what the configuration names, by name. */
export async function startProgram(
  config: string,
  files: Readonly<Record<string, string>> = {},
): Promise<ProgramProcess> {
  const folder = mkdtempSync(join(tmpdir(), "tracemend-"));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  for (const [name, text] of Object.entries({ ...files, "tracemend.yaml": config })) write(name, text);
  const file = join(folder, "tracemend.yaml");
  const waiting = new Map<string, (line: unknown) => void>();
  const child = spawn(process.execPath, [MAIN, "run", "--config", file], { stdio: ["ignore", "pipe", "pipe"] });
  const addresses = new Map<string, string>();
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve(code);
    });
  });
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = JSON.parse(text) as { message?: string; listener?: string; address?: string };
      waiting.get(line.message ?? "")?.(line);
      if (line.message === "listening") addresses.set(line.listener ?? "", line.address ?? "");
      if (line.message === "ready") resolve();
    });
    void ended.then((code) => reject(new Error(`the program ended with ${code} while starting:\n${errors.join("")}`)));
  });
  const said = (message: string): Promise<unknown> => new Promise((resolve) => waiting.set(message, resolve));
  return { ...handle(child, addresses, ended), write, said };
}

function handle(
  child: ChildProcess,
  addresses: ReadonlyMap<string, string>,
  ended: Promise<number | null>,
): Omit<ProgramProcess, "write" | "said"> {
  const url = (listener: string): string => {
    const address = addresses.get(listener);
    if (address === undefined)
      throw new Error(`no listener ${listener}; there are ${[...addresses.keys()].join(", ")}`);
    return `http://${address}`;
  };
  return {
    pid: child.pid as number,
    url,
    async page(path) {
      const response = await fetch(`${url("admin")}${path}`);
      return { status: response.status, text: await response.text() };
    },
    signal: (signal) => void child.kill(signal),
    deafen: () => void child.stdout?.destroy(),
    ended,
    stop: () => {
      if (child.exitCode === null) child.kill("SIGTERM");
      return ended;
    },
  };
}
