/** A folder of recordings: which files belong together, and what each of them holds. */
import { readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { mayBeRecording, tracesOf } from "./read-file.ts";
import type { Recording, RecordedTrace } from "./recording.ts";

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
  const byName = new Map<string, RecordedTrace[]>();
  for (const path of paths) {
    progress(relative(folder, path));
    const name = nameOf(relative(folder, path));
    const traces = byName.get(name) ?? [];
    byName.set(name, traces);
    const reader = tracesOf(path);
    for (;;) {
      const { done, value } = await reader.next();
      if (done !== true) traces.push(value);
      else {
        if (!value) passedOver.push(relative(folder, path));
        break;
      }
    }
  }
  const recordings = [...byName].map(([name, traces]) => ({
    name,
    traces: traces.sort((a, b) => a.startMs - b.startMs),
  }));
  return { recordings: recordings.filter(({ traces }) => traces.length > 0), passedOver };
}

/** Pieces of one recording are named alike up to the time of day: `…2023-01-29_trace_08_43_trace.csv.gz`. */
function nameOf(path: string): string {
  const name = basename(path)
    .replace(/\.gz$/, "")
    .replace(/\.(json|ndjson|csv)$/, "")
    .replace(/\.jaeger$/, "");
  return name.replace(/_trace_\d\d_\d\d_trace$/, "");
}
