/** What a test opens, closed when it ends: what was opened last goes first. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { ProgramProcess } from "./program.ts";
import { startProgram } from "./program.ts";
import type { RecordingSink } from "./recording-sink.ts";
import { createRecordingSink } from "./recording-sink.ts";

export function closeAtEnd(close: () => unknown): void {
  onTestFinished(async () => {
    await close();
  });
}

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
