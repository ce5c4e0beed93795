/** Programs, collectors and folders that a test opens, gone when it ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeAtEnd } from "./close-at-end.ts";
import type { ProgramProcess } from "./program.ts";
import { startProgram } from "./program.ts";
import type { RecordingSink } from "./recording-sink.ts";
import { createRecordingSink } from "./recording-sink.ts";

/** As `startProgram`. */
export async function openProgram(config: string, files?: Readonly<Record<string, string>>): Promise<ProgramProcess> {
  const program = await startProgram(config, files);
  closeAtEnd(() => program.stop());
  return program;
}

export async function openSink(): Promise<RecordingSink> {
  const sink = await createRecordingSink();
  closeAtEnd(() => sink.stop());
  return sink;
}

export function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tracemend-"));
  closeAtEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
