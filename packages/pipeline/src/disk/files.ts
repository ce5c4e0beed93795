/** The calls to the file system that can fail while the queue runs, so that a test can make them fail. */
import { open, rename, truncate, unlink } from "node:fs/promises";

export interface Files {
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly truncate: typeof truncate;
  readonly unlink: typeof unlink;
}

export const systemFiles: Files = { open, rename, truncate, unlink };

/** No room: on the disk, by quota, or by the limit on the size of a file. */
export function isDiskFull(cause: unknown): boolean {
  const { code } = cause as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
}
