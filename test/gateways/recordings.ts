/** Recordings on disk: a line that says whose they are, then one line for each request. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FieldLines } from "@tracemend/context";

export interface Recording {
  readonly setup: string;
  /** Of the gateway's program. */
  readonly version: string;
  /** What left the border in front of the gateway, and what came to the one behind it. */
  readonly requests: readonly { readonly sent: FieldLines; readonly received: FieldLines }[];
}

function fileOf(setup: string): string {
  return join(import.meta.dirname, "recordings", `${setup}.jsonl`);
}

export function writeRecording({ setup, version, requests }: Recording): void {
  const lines = [{ setup, version }, ...requests].map((line) => JSON.stringify(line));
  writeFileSync(fileOf(setup), `${lines.join("\n")}\n`);
}

/** Undefined where the setup was not recorded yet. */
export function readRecording(setup: string): Recording | undefined {
  const file = fileOf(setup);
  if (!existsSync(file)) return undefined;
  const [head, ...requests] = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  return { ...(head as Omit<Recording, "requests">), requests: requests as Recording["requests"] };
}
