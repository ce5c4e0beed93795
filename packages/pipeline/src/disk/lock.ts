/**
 * One writer for each folder: a lock file that names the process which holds it. Process numbers are compared within one
 * PID namespace, so containers that share a volume need a folder each.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";

export interface FolderLock {
  release(): void;
}

/** Folders locked by this process: its own number in a lock file proves nothing after a restart in a container. */
const held = new Set<string>();

/** Creates the folder when it is missing. Throws an Error that names the folder and the process when another writer has it. */
export function lockFolder(folder: string): FolderLock {
  const key = resolve(folder);
  const path = join(key, "lock");
  const own = join(key, `lock.${process.pid}`);
  const identity = identityOf(process.pid);
  if (held.has(key)) throw new Error(`folder ${key} is in use by this process`);
  makeFolder(key);
  writeFileSync(own, identity ?? String(process.pid));
  try {
    while (!tryLink(own, path)) evict(path, key);
  } finally {
    rmSync(own, { force: true });
  }
  held.add(key);
  return {
    release() {
      if (held.delete(key)) rmSync(path, { force: true });
    },
  };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "EEXIST" && code !== "ENOTDIR") throw cause;
    throw new Error(`${folder} must be a folder, and is a file or lies in one`, { cause });
  }
}

function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cause;
  }
}

/** Removes the lock of a process that is gone; throws when it lives. */
function evict(path: string, folder: string): void {
  const holder = readText(path);
  if (holder === undefined) return;
  const pid = Number.parseInt(holder, 10);
  if (pid !== process.pid && holder === identityOf(pid)) {
    throw new Error(`folder ${folder} is in use by process ${pid}`);
  }
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    // Another process evicted it first.
    return;
  }
  // Between reading and renaming another process may have locked it anew: then this was its lock, and it goes back.
  if (readText(aside) !== holder) tryLink(aside, path);
  rmSync(aside, { force: true });
}

/** The number of a process and when it started, because numbers are used again; undefined when there is none. */
function identityOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  // Field 22 of /proc/<pid>/stat, counted after the name, which may hold spaces; only Linux has it.
  const started = readText(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ")[19] ?? "";
  return `${pid} ${started}`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
