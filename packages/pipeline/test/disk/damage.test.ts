/** What goes wrong with a disk: every item is accounted for. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { systemFiles } from "../../src/disk/files.ts";
import type { Files } from "../../src/disk/files.ts";
import { headerBytes } from "../../src/disk/record.ts";
import { eventually, never } from "../batches.ts";
import { createFolder, segmentsIn } from "./folder.ts";
import { answerAll, crash, expected, fill, one, run } from "./runs.ts";

describe("damage", () => {
  async function leave(folder: string, count: number): Promise<void> {
    const first = run(folder);
    await fill(first, 0, count);
    await crash(first);
  }

  test.for<[string, number]>([
    ["a payload", headerBytes + 5],
    ["a header", 30],
    ["a magic number", 0],
  ])("in %s costs that record alone, and is counted once", async ([, at]) => {
    const folder = createFolder();
    await leave(folder, 5);
    const [path] = segmentsIn(folder) as [string];
    const bytes = readFileSync(path);
    const size = one(0).bytes + headerBytes;
    bytes[2 * size + at] = (bytes[2 * size + at] as number) ^ 0xff;
    writeFileSync(path, bytes);

    const second = run(folder);
    await eventually(() => second.row().dropped.corrupt === 1);
    await crash(second);
    expect(second.row()).toMatchObject({ recovered: 5, queued: 4, dropped: { corrupt: 1 } });
    const third = run(folder);
    await answerAll(third, 4);
    expect(third.row()).toMatchObject({ recovered: 4, exported: 4, dropped: { corrupt: 0 } });
    expect(third.names()).toEqual(["b0 0", "b1 0", "b3 0", "b4 0"]);
    await third.queue.close(never);
    expect(readdirSync(folder).filter((name) => name.endsWith(".corrupt"))).toHaveLength(1);
  });

  test("of the first and of the last record is counted to the item", async () => {
    const folder = createFolder();
    await leave(folder, 5);
    const [path] = segmentsIn(folder) as [string];
    const bytes = readFileSync(path);
    const size = one(0).bytes + headerBytes;
    bytes.fill(0, 0, size);
    bytes.fill(0, 4 * size + headerBytes);
    writeFileSync(path, bytes);
    const second = run(folder);
    await answerAll(second, 3);
    await eventually(() => second.row().dropped.corrupt === 2);
    expect(second.row()).toMatchObject({ recovered: 5, exported: 3, queued: 0 });
  });

  test("that leaves nothing of a file is counted by the names of the others", async () => {
    const folder = createFolder();
    const size = one(10).bytes + headerBytes;
    const storage = { folder, fsync: "never", maxBytes: 1024 * 1024, segmentBytes: 3 * size } as const;
    const first = run(folder, { storage });
    await fill(first, 10, 20);
    await crash(first);
    const paths = segmentsIn(folder);
    expect(paths).toHaveLength(4);
    writeFileSync(paths[1] as string, Buffer.alloc(3 * size, "tmq1"));
    const second = run(folder, { storage });
    await answerAll(second, 7);
    await eventually(() => second.row().dropped.corrupt === 3);
    expect(second.row()).toMatchObject({ recovered: 10, queued: 0 });
    expect(second.names()).toEqual([...expected(10, 13), ...expected(16, 20)]);
  });

  test("of the journal costs duplicates and no record", async () => {
    const folder = createFolder();
    const first = run(folder);
    await fill(first, 0, 5);
    await answerAll(first, 2);
    await crash(first);
    writeFileSync(`${folder}/settled`, "nonsense".repeat(20));
    const second = run(folder);
    await answerAll(second, 5);
    expect(second.names()).toEqual(expected(0, 5));
  });

  test("a write that was cut off is no loss, because nobody was told that it is taken", async () => {
    const folder = createFolder();
    await leave(folder, 3);
    const [path] = segmentsIn(folder) as [string];
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 7));
    const second = run(folder);
    expect(second.queue.recovered).toEqual({ items: 2, tornBytes: one(0).bytes + headerBytes - 7 });
    await fill(second, 7, 8);
    await answerAll(second, 3);
    expect(second.names()).toEqual(["b0 0", "b1 0", "b7 0"]);
    expect(second.row()).toMatchObject({ dropped: { corrupt: 0 } });
  });
});

describe("a full disk", () => {
  /** A disk on which `free` bytes are left; a write takes what fits. */
  function smallDisk(state: { free: number }): Files {
    return {
      ...systemFiles,
      async open(path, flags) {
        const handle = await open(path, flags);
        const write = handle.write.bind(handle) as (...all: unknown[]) => Promise<{ bytesWritten: number }>;
        const limited = async (parts: readonly Uint8Array[], position: number): Promise<{ bytesWritten: number }> => {
          const bytes = Buffer.concat(parts);
          if (state.free === 0) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
          const part = bytes.subarray(0, state.free);
          state.free -= part.length;
          return write(part, 0, part.length, position);
        };
        return Object.assign(handle, {
          writev: limited,
          write: (bytes: Buffer, offset: number, length: number, position: number) =>
            limited([bytes.subarray(offset, offset + length)], position),
        });
      },
    };
  }

  test("answers busy, loses nothing it took, and takes again when there is room", async () => {
    const folder = createFolder();
    const size = one(0).bytes + headerBytes;
    const disk = { free: 3 * size + 20 };
    const first = run(folder, { files: smallDisk(disk) });
    await fill(first, 0, 3);
    expect(await first.queue.accept(one(3), never)).toEqual({ kind: "busy", retryAfterMs: 1_000 });
    expect(first.queue.failing).toBe(true);
    expect(first.failures).toHaveLength(1);
    expect(first.queue.hold(10)).toBe(false);
    expect(first.row()).toMatchObject({ received: 3 });
    disk.free = 100 * size;
    first.clock.advance(1_000);
    await fill(first, 3, 6);
    expect(first.queue.failing).toBe(false);
    await answerAll(first, 6);
    expect(first.names()).toEqual(expected(0, 6));
    await crash(first);
    expect(run(folder).queue.recovered).toEqual({ items: 0, tornBytes: 0 });
  });

  test("spans whose room was held go out from memory, and what closing cuts off is counted", async () => {
    const folder = createFolder();
    const first = run(folder, { files: smallDisk({ free: 0 }) });
    expect(first.queue.hold(one(0).bytes)).toBe(true);
    first.queue.unhold(one(0).bytes);
    first.queue.place(one(0));
    first.queue.place(one(1));
    await eventually(() => first.sink.waiting === 1);
    expect(first.row()).toMatchObject({ received: 2, queued: 1, inFlight: 1 });
    first.sink.answer({ kind: "accepted" });
    await eventually(() => first.row().exported === 1);
    await crash(first);
    expect(first.row()).toMatchObject({ exported: 1, queued: 0, inFlight: 0, dropped: { "disk-full": 1 } });
  });

  test("a journal that cannot be written costs duplicates and no record", async () => {
    const folder = createFolder();
    const size = one(0).bytes + headerBytes;
    const first = run(folder, { files: smallDisk({ free: 2 * size }) });
    await fill(first, 0, 2);
    await answerAll(first, 1);
    await crash(first);
    const second = run(folder);
    await answerAll(second, 2);
    expect(second.names()).toEqual(expected(0, 2));
  });
});
