/** The lines of a file, unpacked where it is packed. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

export async function* linesOf(path: string): AsyncGenerator<Line> {
  const file = createReadStream(path);
  let source: Readable = file;
  if (path.endsWith(".gz")) {
    const unpacked = createGunzip();
    file.on("error", (error) => unpacked.destroy(error));
    source = file.pipe(unpacked);
  }
  let number = 0;
  try {
    for await (const text of createInterface({ input: source, crlfDelay: Infinity })) {
      number += 1;
      yield { number, text };
    }
  } finally {
    file.destroy();
  }
}
