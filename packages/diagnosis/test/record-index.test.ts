import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MomentIndex, WordIndex, createLateWordIndex } from "../src/record-index.ts";
import { RecordWords } from "../src/record-words.ts";
import { createChains, createRing } from "../src/ring.ts";
import { hashId } from "../src/hash.ts";

const WORDS = 4;

describe("the records that words are looked up in", () => {
  it("are those that are held, the newest first, be they added at once or taken in late", () => {
    const word = fc.nat({ max: 2 });
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, word, word), { maxLength: 40 }), (rows) => {
        const ring = createRing(16);
        const table = new RecordWords(ring, WORDS);
        const chains = createChains(ring);
        const atOnce = new WordIndex(chains, table, 1, 7);
        const late = createLateWordIndex(ring, table, 1, 7, (slot) => table.words[slot * WORDS + 3] !== 0);
        for (const row of rows) {
          const record = ring.advance();
          table.write(record, Uint32Array.from(row), 0, WORDS);
          chains.add(hashId(Uint32Array.from(row), 1, 7), record);
        }
        const held = rows.map((row, at) => ({ row, record: at + 1 })).slice(-16);
        for (const wanted of rows) {
          const key = Uint32Array.of(9, ...wanted);
          const fits = held.filter(({ row }) => row.slice(0, 3).join(" ") === wanted.slice(0, 3).join(" "));
          const records = fits.map(({ record }) => record).toReversed();
          expect(walk(atOnce, key)).toEqual(records);
          const kept = fits.filter(({ row }) => row[3] !== 0).map(({ record }) => record);
          expect(walk(late, key)).toEqual(kept.toReversed());
        }
      }),
    );
  });

  it("are none where none has such words", () => {
    const ring = createRing(16);
    const table = new RecordWords(ring, WORDS);
    const index = createLateWordIndex(ring, table, 0, 7, () => false);
    table.write(ring.advance(), Uint32Array.of(1, 2, 3, 4), 0, WORDS);
    expect(index.find(Uint32Array.of(1, 2), 0, 0, 2)).toBe(0);
  });
});

function walk(index: WordIndex, key: Uint32Array): readonly number[] {
  const records: number[] = [];
  for (let record = index.find(key, 1, 0, 3); record !== 0; record = index.findOlder(record, key, 1, 0, 3)) {
    records.push(record);
  }
  return records;
}

describe("the records of a moment", () => {
  it("have the number and began in that second", () => {
    const ring = createRing(16);
    const ports = new Uint16Array(32);
    const startMs = new Float64Array(16);
    const index = new MomentIndex(
      ring,
      { values: ports, stride: 2, at: 1 },
      { values: startMs, stride: 1, at: 0 },
      7,
      (slot) => ports[2 * slot + 1] !== 0,
    );
    for (const [port, ms] of [
      [5, 1_000],
      [5, 1_999],
      [6, 1_500],
      [0, 1_500],
      [5, 2_000],
    ] as const) {
      const slot = ring.slot(ring.advance());
      ports[2 * slot + 1] = port;
      startMs[slot] = ms;
    }
    const newest = index.find(5, 1);
    expect(newest).toBe(2);
    expect(index.findOlder(newest, 5, 1)).toBe(1);
    expect(index.findOlder(1, 5, 1)).toBe(0);
    expect(index.find(5, 2)).toBe(5);
    expect(index.find(0, 1)).toBe(0);
  });
});
