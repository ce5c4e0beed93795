import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Batch } from "@tracemend/otlp";
import { headerBytes } from "../../src/disk/record.ts";
import type { Outcome } from "../../src/outcome.ts";
import { eventually, never } from "../batches.ts";
import { createFolder, segmentsIn } from "./folder.ts";
import { answerAll, crash, expected, fill, nameOf, one, run } from "./runs.ts";

describe("a queue on disk", () => {
  test("hands batches on in order and leaves nothing behind", async () => {
    const folder = createFolder();
    const first = run(folder);
    await fill(first, 0, 20);
    await answerAll(first, 20);
    expect(first.names()).toEqual(expected(0, 20));
    expect(first.row()).toMatchObject({ received: 20, exported: 20, queued: 0, inFlight: 0 });
    await first.queue.close(never);
    expect(segmentsIn(folder)).toEqual([]);
    expect(first.queue.usedBytes).toBe(0);
  });

  test("goes on after a restart with what was not answered, in order and before what is new", async () => {
    const folder = createFolder();
    const first = run(folder);
    await fill(first, 0, 30);
    await answerAll(first, 10);
    await crash(first);
    expect(first.row()).toMatchObject({ received: 30, exported: 10, queued: 20, inFlight: 0 });

    const second = run(folder);
    expect(second.queue.recovered).toEqual({ items: 20, tornBytes: 0 });
    expect(second.row()).toMatchObject({ received: 20, recovered: 20, queued: 20 });
    await fill(second, 30, 40);
    await answerAll(second, 30);
    expect(second.names()).toEqual(expected(10, 40));
    await second.queue.close(never);
    expect(segmentsIn(folder)).toEqual([]);
  });

  test("what was answered out of order is not sent again", async () => {
    const folder = createFolder();
    const first = run(folder, {}, 4);
    await fill(first, 0, 4);
    await eventually(() => first.sink.waiting === 4);
    first.sink.answer({ kind: "accepted" });
    await eventually(() => first.row().exported === 1);
    await crash(first);
    const second = run(folder);
    await answerAll(second, 3);
    expect(second.names()).toEqual(expected(1, 4));
  });

  test("one record that waits long holds up no other, and over restarts none counts as lost or goes again", async () => {
    const folder = createFolder();
    const storage = { folder, fsync: "never", maxBytes: 1024 * 1024, segmentBytes: 600 } as const;
    const stuck = (batch: Batch): Outcome | undefined => (nameOf(batch) === "b10 0" ? undefined : { kind: "accepted" });
    for (let life = 0; life < 3; life++) {
      const current = run(folder, { storage }, 2, stuck);
      const from = life === 0 ? 10 : 10 + 30 * life;
      await fill(current, from, 10 + 30 * (life + 1));
      await eventually(() => current.row().exported === (life === 0 ? 29 : 30));
      await eventually(() => current.sink.waiting === 1);
      await crash(current);
      expect(current.row()).toMatchObject({ recovered: life === 0 ? 0 : 1, queued: 1, dropped: { corrupt: 0 } });
      expect(current.names()).toEqual(["b10 0"]);
    }
    // The file of the one that waits, and the one that was written to when the process ended.
    expect(segmentsIn(folder).length).toBeLessThanOrEqual(2);
  });

  test("keeps in memory no more than its window, and the rest on disk", async () => {
    const folder = createFolder();
    const cost = one(0).bytes + 1_024;
    const first = run(folder, { maxBytes: 8 * cost }, 100);
    await fill(first, 0, 50);
    expect(first.sink.waiting).toBeLessThanOrEqual(5);
    expect(first.row()).toMatchObject({ queued: 50 - first.sink.waiting });
    await answerAll(first, 50);
    expect(first.names()).toEqual(expected(0, 50));
  });

  test("is full by the size of its files, and takes again when one is done with", async () => {
    const folder = createFolder();
    const size = one(10).bytes + headerBytes;
    const storage = { folder, fsync: "never", maxBytes: 10 * size, segmentBytes: 3 * size } as const;
    const first = run(folder, { storage });
    let taken = 0;
    while ((await first.queue.accept(one(10 + taken), never)).kind === "accepted") taken += 1;
    expect(taken).toBe(10);
    await answerAll(first, 3);
    await eventually(() => segmentsIn(folder).length === 3);
    expect((await first.queue.accept(one(20), never)).kind).toBe("accepted");
    await answerAll(first, 11);
    expect(first.names()).toEqual(expected(10, 21));
    expect(first.queue.usedBytes).toBe(0);
    // The two records in the file that is being written are done with, and hold their room until it is full.
    await fill(first, 21, 29);
    await answerAll(first, 19);
    expect(first.names()).toEqual(expected(10, 29));
  });

  test("a second writer for the folder is refused by name", () => {
    const folder = createFolder();
    run(folder);
    expect(() => run(folder)).toThrow(`folder ${folder} is in use by this process`);
  });

  test("a lock that a dead process left is taken over", () => {
    const folder = createFolder();
    writeFileSync(`${folder}/lock`, "999999999 1");
    expect(run(folder).queue.usedBytes).toBe(0);
  });

  test("closing drains the disk, and counts as queued what the deadline leaves there", async () => {
    const folder = createFolder();
    const first = run(folder);
    await fill(first, 0, 3);
    const closed = first.queue.close(never);
    await answerAll(first, 3);
    await closed;
    expect(first.row()).toMatchObject({ exported: 3, queued: 0 });
    expect((await first.queue.accept(one(4), never)).kind).toBe("busy");
  });
});
