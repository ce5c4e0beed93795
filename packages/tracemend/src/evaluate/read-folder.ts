/** A folder of recordings: which files belong together, and what each of them holds. */
import { readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { mayBeRecording, tracesOf } from "./read-file.ts";
import type { Holds, Recording, RecordedTrace } from "./recording.ts";

export interface FolderReading {
  readonly recordings: readonly Recording[];
  /** Files that are named like recordings and are none. */
  readonly passedOver: readonly string[];
}

/** Reads every recording below the folder, in the order of their names. Throws a `RecordingError`. */
export async function readFolder(folder: string, progress: (file: string) => void): Promise<FolderReading> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && mayBeRecording(entry.name));
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  const passedOver: string[] = [];
  const found = new Map<string, { readonly name: string; readonly holds: Holds; readonly traces: RecordedTrace[] }>();
  for (const path of paths) {
    const file = relative(folder, path);
    progress(file);
    const { holds, traces } = await readAll(path);
    if (holds === undefined) {
      passedOver.push(file);
      continue;
    }
    const name = nameOf(file);
    const key = `${holds} ${name}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { name, holds, traces });
    else for (const trace of traces) known.traces.push(trace);
  }
  const recordings = [...found.values()].filter(({ traces }) => traces.length > 0);
  for (const { traces } of recordings) traces.sort((a, b) => a.startMs - b.startMs);
  return { recordings, passedOver };
}

async function readAll(path: string): Promise<{ holds: Holds | undefined; traces: RecordedTrace[] }> {
  const traces: RecordedTrace[] = [];
  const reader = tracesOf(path);
  for (;;) {
    const { done, value } = await reader.next();
    if (done === true) return { holds: value, traces };
    traces.push(value);
  }
}

/** Pieces of one recording are named alike up to the time of day: `…2023-01-29_trace_08_43_trace.csv.gz`. */
function nameOf(path: string): string {
  const name = basename(path)
    .replace(/\.gz$/, "")
    .replace(/\.(json|ndjson|csv)$/, "")
    .replace(/\.jaeger$/, "");
  return name.replace(/_trace_\d\d_\d\d_trace$/, "");
}
