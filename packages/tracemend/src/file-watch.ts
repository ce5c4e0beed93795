/** Notices that files have changed, however they are replaced: written in place, renamed over, or behind a symbolic link. */
import type { FSWatcher } from "node:fs";
import { existsSync, lstatSync, realpathSync, watch } from "node:fs";
import { dirname, parse, sep } from "node:path";
import type { Clock } from "@tracemend/proxy";

export interface FileWatch {
  /** These files from now on, by absolute path. */
  follow(files: Iterable<string>): void;
  close(): void;
}

export interface FileWatchOptions {
  /** `poll`: for file systems that tell nothing, such as those of a network. */
  readonly mode: "events" | "poll" | "off";
  /** How long after the first sign of a change it is told: a pair of files is rarely written at once. */
  readonly settleMs: number;
  readonly pollMs: number;
  readonly clock: Clock;
  /** Something may have changed; what, is for the reader to find out. */
  readonly changed: () => void;
  /** Where the machine gives no more watches, or a folder cannot be watched. */
  readonly failed: (error: Error) => void;
}

export function createFileWatch({ mode, settleMs, pollMs, clock, changed, failed }: FileWatchOptions): FileWatch {
  let files: readonly string[] = [];
  let folders: ReadonlySet<string> = new Set();
  let watchers: readonly FSWatcher[] = [];
  let due: { cancel(): void } | undefined;
  const tell = (): void => {
    due = undefined;
    // Before anyone reads: what changes from now on is told again. A folder may be another one by the same name.
    if (mode === "events") arm();
    else if (mode === "poll") due = clock.after(pollMs, tell);
    changed();
  };
  const soon = (): void => {
    due ??= clock.after(settleMs, tell);
  };
  const arm = (): void => {
    const before = watchers;
    folders = new Set(files.flatMap(foldersOf));
    watchers = [...folders].flatMap((folder) => {
      try {
        return [watch(folder, { persistent: false }, soon).on("error", failed)];
      } catch (error) {
        failed(error as Error);
        return [];
      }
    });
    for (const watcher of before) watcher.close();
  };
  return {
    follow(next) {
      files = [...next];
      if (mode === "poll") due ??= clock.after(pollMs, tell);
      if (mode !== "events") return;
      const before = folders;
      if (sameMembers(new Set(files.flatMap(foldersOf)), before)) return;
      arm();
      // They were read before they were watched.
      if (files.length > 0) soon();
    },
    close() {
      due?.cancel();
      for (const watcher of watchers) watcher.close();
      watchers = [];
    },
  };
}

/** Where a change to this file shows: its own folder, that of each symbolic link on the way, and where they lead. */
function foldersOf(file: string): readonly string[] {
  const folders = [existing(dirname(file))];
  const { root } = parse(file);
  let path = root;
  for (const name of file.slice(root.length).split(sep)) {
    const folder = path;
    path = path === root ? root + name : path + sep + name;
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) folders.push(folder);
  }
  try {
    folders.push(dirname(realpathSync(file)));
  } catch {
    // A link that leads nowhere yet: its own folder tells when it does.
  }
  return folders;
}

function existing(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existing(dirname(folder));
}

function sameMembers(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((member) => other.has(member));
}
