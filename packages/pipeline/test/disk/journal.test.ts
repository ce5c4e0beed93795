import { truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemFiles } from "../../src/disk/files.ts";
import { createJournal, readJournal } from "../../src/disk/journal.ts";
import type { Settled } from "../../src/disk/journal.ts";
import { createSegment } from "../../src/disk/segment.ts";
import type { Segment } from "../../src/disk/segment.ts";
import { noTotals, totalsOf } from "../../src/disk/totals.ts";
import { createFolder } from "./folder.ts";

const segmentOf = (firstSeq: number, lastSeq: number): Segment => ({
  ...createSegment("unused", firstSeq, noTotals, 1),
  lastSeq,
});
const traces = (seq: number, items: number): Settled => ({ seq, items: totalsOf("traces", items) });

async function note(folder: string, segments: readonly Segment[], entries: readonly Settled[]): Promise<void> {
  const journal = createJournal({ folder, files: systemFiles, fsync: true, segments });
  for (const entry of entries) journal.settled(entry);
  await journal.flushed();
  await journal.close();
}

describe("the journal", () => {
  test("gives back what was noted", async () => {
    const folder = createFolder();
    await note(folder, [segmentOf(1, 9)], [traces(3, 7), { seq: 1, items: totalsOf("logs", 2 ** 40) }]);
    const { entries, lastSeq } = readJournal(folder);
    expect(entries).toEqual([traces(3, 7), { seq: 1, items: totalsOf("logs", 2 ** 40) }]);
    expect(lastSeq).toBe(3);
  });

  test("when it is rewritten, forgets files before the first, and joins the notes on each run of files that are gone", async () => {
    const folder = createFolder();
    const entries = [
      traces(2, 1),
      traces(5, 1),
      traces(7, 2),
      traces(8, 3),
      traces(11, 4),
      traces(13, 5),
      traces(21, 6),
    ];
    await note(folder, [segmentOf(1, 30)], entries);
    await note(folder, [segmentOf(5, 6), segmentOf(11, 12), segmentOf(20, 25)], [traces(22, 9)]);
    const { entries: kept } = readJournal(folder);
    expect(kept).toEqual([traces(5, 1), traces(7, 5), traces(11, 4), traces(13, 5), traces(21, 6), traces(22, 9)]);
  });

  test("remembers the highest number when no file is left", async () => {
    const folder = createFolder();
    await note(folder, [segmentOf(1, 30)], [traces(30, 1), traces(29, 1)]);
    await note(folder, [segmentOf(40, 41)], [traces(40, 1)]);
    await note(folder, [segmentOf(50, 51)], []);
    expect(readJournal(folder).lastSeq).toBe(40);
  });

  test("is read up to a note that was cut off", async () => {
    const folder = createFolder();
    await note(folder, [segmentOf(1, 9)], [traces(1, 1), traces(2, 1)]);
    truncateSync(join(folder, "settled"), 3 * 36 - 1);
    expect(readJournal(folder).entries).toEqual([traces(1, 1)]);
  });
});
