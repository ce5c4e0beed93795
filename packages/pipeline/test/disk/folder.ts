/** Folders for tests, removed after them. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "queue-"));
  folders.push(folder);
  return folder;
}

export function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".segment"))
    .toSorted()
    .map((name) => join(folder, name));
}
