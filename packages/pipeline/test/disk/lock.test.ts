import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { createPipeline } from "@tracemend/pipeline";
import { lockFolder } from "../../src/disk/lock.ts";
import { over } from "../batches.ts";
import { createFolder } from "./folder.ts";

/** As the process that started this one would write it. */
function parentIdentity(): string {
  const path = `/proc/${process.ppid}/stat`;
  const started = existsSync(path) ? readFileSync(path, "utf8").split(") ").at(-1)?.split(" ")[19] : "";
  return `${process.ppid} ${started}`;
}

describe("the lock of a folder", () => {
  test("is not given while the process that holds it lives", () => {
    const folder = createFolder();
    writeFileSync(join(folder, "lock"), parentIdentity());
    expect(() => lockFolder(folder)).toThrow(`folder ${folder} is in use by process ${process.ppid}`);
    expect(readdirSync(folder)).toEqual(["lock"]);
  });

  test("is taken over when its process is gone, or its number belongs to another by now", () => {
    for (const stale of ["999999999 1", `${process.ppid} 0`, `${process.pid} 0`, ""]) {
      const folder = createFolder();
      writeFileSync(join(folder, "lock"), stale);
      const lock = lockFolder(folder);
      expect(readdirSync(folder)).toEqual(["lock"]);
      expect(() => lockFolder(folder)).toThrow("in use by this process");
      lock.release();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  test("is not given where there is a file in its place or on the way to it", () => {
    const file = join(createFolder(), "file");
    writeFileSync(file, "");
    for (const folder of [file, join(file, "below")])
      expect(() => lockFolder(folder)).toThrow(`${folder} must be a folder, and is a file or lies in one`);
  });

  test("that is held makes a pipeline fail when it is made, and what it had opened is closed", async () => {
    const [free, held] = [createFolder(), createFolder()];
    const lock = lockFolder(held);
    const destination = (name: string, folder: string) =>
      ({ name, endpoint: "http://127.0.0.1:9", protocol: "grpc", queue: { storage: { folder } } }) as const;
    const make = () => createPipeline({ destinations: [destination("a", free), destination("b", held)] });
    expect(make).toThrow(`destination b: queue.storage.folder: folder ${held} is in use by this process`);
    lock.release();
    // Closing what was opened takes a moment; then both folders are free.
    for (;;) {
      try {
        await make().close(over);
        break;
      } catch {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
    }
    expect(readdirSync(free)).not.toContain("lock");
  });
});
