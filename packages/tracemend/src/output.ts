/** Standard output: whoever reads it may stop or go, and a disk may be full, without a word to the requests. */
import type { Writable } from "node:stream";

export interface Output {
  /** Whole lines. They are lost, and counted, where too much waits already or where they cannot be written. */
  write(lines: string): void;
  lostLines(): number;
  /** Resolves once nothing waits, with true; with false where that is not so after `ms`. */
  flushed(ms: number): Promise<boolean>;
}

/** What may wait for a reader. */
const MOST_WAITING_CHARS = 4 * 1_024 * 1_024;

export function createOutput(stream: Pick<Writable, "write" | "on" | "writableLength">): Output {
  let lost = 0;
  let waiting = 0;
  let emptied: (() => void) | undefined;
  // Each write tells its own failure; without a listener it would end the process.
  stream.on("error", () => undefined);
  return {
    write(lines) {
      if (stream.writableLength > MOST_WAITING_CHARS) {
        lost += count(lines);
        return;
      }
      waiting += 1;
      stream.write(lines, (error) => {
        if (error != null) lost += count(lines);
        waiting -= 1;
        if (waiting === 0) emptied?.();
      });
    },
    lostLines: () => lost,
    async flushed(ms) {
      if (waiting === 0) return true;
      const { promise, resolve } = Promise.withResolvers<void>();
      emptied = resolve;
      const timer = setTimeout(resolve, ms);
      await promise;
      clearTimeout(timer);
      return waiting === 0;
    },
  };
}

let standard: Output | undefined;

/** Of this process: one for all who write there, so that no line stands within another. */
export function standardOutput(): Output {
  standard ??= createOutput(process.stdout);
  return standard;
}

function count(lines: string): number {
  let ends = 0;
  for (let at = lines.indexOf("\n"); at >= 0; at = lines.indexOf("\n", at + 1)) ends += 1;
  return ends;
}
