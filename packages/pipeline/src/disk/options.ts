/** The options of a queue on disk, checked and completed. */

/**
 * When bytes are forced to the device. `always`: before the sender is told `accepted`; nothing accepted is lost in a
 * power failure. `{ intervalMs }`: at least that often while there is something new; a power failure can cost that much.
 * `never`: when the system sees fit. With any of them nothing accepted is lost when the process dies.
 */
export type FsyncPolicy = "always" | "never" | { readonly intervalMs: number };

export interface StorageOptions {
  /** For this destination alone; created when missing. */
  readonly folder: string;
  /** Default `{ intervalMs: 500 }`. */
  readonly fsync?: FsyncPolicy;
  /** Default 1 GiB: all files of the log together, and what it set aside as damaged. */
  readonly maxBytes?: number;
}

export interface Storage {
  readonly folder: string;
  readonly fsync: FsyncPolicy;
  readonly maxBytes: number;
  /** A file is full from this size on. */
  readonly segmentBytes: number;
}

/** Below this a queue would spend its time on making and removing files. */
const leastBytes = 64 * 1024;
const mostSegmentBytes = 16 * 1024 * 1024;

/** `fail` throws a TypeError that names the option, its rule and its value. */
export function defineStorage(
  options: StorageOptions,
  fail: (option: string, rule: string, value: unknown) => never,
): Storage {
  const { folder, fsync = { intervalMs: 500 }, maxBytes = 1024 ** 3 } = options;
  if (typeof folder !== "string" || folder === "") fail("queue.storage.folder", "the path of a folder", folder);
  if (!isPolicy(fsync)) fail("queue.storage.fsync", `"always", "never" or { intervalMs } of at least 1`, fsync);
  if (!Number.isSafeInteger(maxBytes) || maxBytes < leastBytes) {
    fail("queue.storage.maxBytes", `an integer of at least ${leastBytes}`, maxBytes);
  }
  // What is settled in a file frees no room until all of it is, so that files are small beside the whole.
  return { folder, fsync, maxBytes, segmentBytes: Math.min(mostSegmentBytes, Math.ceil(maxBytes / 16)) };
}

function isPolicy(fsync: FsyncPolicy): boolean {
  if (fsync === "always" || fsync === "never") return true;
  return typeof fsync === "object" && Number.isFinite(fsync.intervalMs) && fsync.intervalMs >= 1;
}
