import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTally } from "../src/tally.ts";

const WINDOW_MS = 10_000;
const START_MS = 1_800_000_000_000;

describe("a tally", () => {
  it("forgets what is older than its window, and only that", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30_000 }), { maxLength: 50 }), (gaps) => {
        const tally = createTally(2, WINDOW_MS);
        const times = gaps.toSorted((a, b) => a - b).map((gap) => START_MS + gap);
        for (const time of times) tally.add(1, time, 1);
        const now = START_MS + 30_000;
        // The oldest slot of the window is gone as a whole once the newest one has begun.
        expect(tally.sum(1, now)).toBe(times.filter((time) => time >= now - WINDOW_MS + 1_000).length);
        expect(tally.sum(0, now)).toBe(0);
      }),
    );
  });

  it("takes back in the slot in which it was counted", () => {
    const tally = createTally(1, WINDOW_MS);
    tally.add(0, START_MS, 3);
    tally.add(0, START_MS + 5_000, 2);
    tally.add(0, START_MS, -3);
    expect(tally.sum(0, START_MS + 5_000)).toBe(2);
    tally.add(0, START_MS - 60_000, 1);
    expect(tally.sum(0, START_MS + 5_000)).toBe(2);
  });
});
