/** Starts agents as processes, and ends them the hard way. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { DestinationOptions, LedgerRow } from "@tracemend/pipeline";
import type { Message, Question } from "./agent.ts";

export interface AgentProcess {
  /** The status of the answer; undefined when the process ended before it. */
  post(body: Uint8Array): Promise<number | undefined>;
  ledger(): Promise<readonly LedgerRow[]>;
  /** Ends in good order; the ledger at the end. */
  close(): Promise<readonly LedgerRow[]>;
  /** SIGKILL, and the end of the process. */
  kill(): Promise<void>;
}

/** A process that has loaded the program and waits: starting one takes longer than what is asked of it. */
export interface SpareAgent {
  open(destination: DestinationOptions): Promise<AgentProcess>;
  kill(): Promise<void>;
}

const main = fileURLToPath(new URL("agent.ts", import.meta.url));
const NODE_COMPILE_CACHE = join(tmpdir(), "tracemend-compile-cache");

/** `shell` is run before the agent, in the same process: a limit, a mount. */
export function spawnAgent(shell: readonly string[] = []): SpareAgent {
  const [command, ...args] = [...shell, process.execPath, main];
  const env = { ...process.env, NODE_COMPILE_CACHE };
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"], env });
  const ended = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  const open = async (destination: DestinationOptions): Promise<AgentProcess> => {
    const { port } = await ask(child, { kind: "open", destination }, "listening");
    return createAgent(child, port, kill);
  };
  return { open, kill };
}

function createAgent(child: ChildProcess, port: number, kill: () => Promise<void>): AgentProcess {
  return {
    async post(body) {
      const headers = { "content-type": "application/x-protobuf" };
      try {
        const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, { method: "POST", headers, body });
        await response.arrayBuffer();
        return response.status;
      } catch {
        return undefined;
      }
    },
    ledger: async () => (await ask(child, { kind: "ledger" }, "ledger")).rows,
    async close() {
      const { rows } = await ask(child, { kind: "close" }, "closed");
      await kill();
      return rows;
    },
    kill,
  };
}

interface Answers {
  readonly listening: Extract<Message, { readonly kind: "listening" }>;
  readonly ledger: Extract<Message, { readonly kind: "ledger" | "closed" }>;
  readonly closed: Extract<Message, { readonly kind: "ledger" | "closed" }>;
}

function ask<Kind extends Message["kind"]>(
  child: ChildProcess,
  question: Question,
  kind: Kind,
): Promise<Answers[Kind]> {
  return new Promise((resolve, reject) => {
    const listen = (message: Answers[Kind]): void => {
      if (message.kind !== kind) return;
      child.off("message", listen);
      child.off("exit", fail);
      resolve(message);
    };
    const fail = (code: number | null): void =>
      reject(new Error(`the agent ended with ${code} before it said ${kind}`));
    child.on("message", listen);
    child.once("exit", fail);
    child.send(question);
  });
}
