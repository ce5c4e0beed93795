import { describe, expect, it } from "vitest";
import { createOffsetSearch, foundOffsetMs, offsetOfAll, tryOffsets } from "../src/clock-offset.ts";

describe("the search for a clock's offset", () => {
  it("finds the shift nearest to none under which spans fit", () => {
    const search = createOffsetSearch();
    for (let at = 0; at < 40; at += 1) tryOffsets(search, (shiftMs) => shiftMs <= -30 && shiftMs >= -60);
    expect(foundOffsetMs(search)).toBe(-30);
  });

  it("finds none where spans fit as they are, fit nowhere, or few were tried", () => {
    const wide = createOffsetSearch();
    const none = createOffsetSearch();
    const few = createOffsetSearch();
    for (let at = 0; at < 40; at += 1) {
      tryOffsets(wide, (shiftMs) => shiftMs >= -10 && shiftMs <= 50);
      tryOffsets(none, () => false);
    }
    for (let at = 0; at < 29; at += 1) tryOffsets(few, (shiftMs) => shiftMs > 40);
    expect([wide, none, few].map(foundOffsetMs)).toEqual([undefined, undefined, undefined]);
  });

  it("finds one of less than half a step where spans fit beside it only", () => {
    const search = createOffsetSearch();
    for (let at = 0; at < 40; at += 1) tryOffsets(search, (shiftMs, { startMs }) => shiftMs === 0 && startMs < 0);
    expect(foundOffsetMs(search)).toBe(0);
  });

  it("is sure of one only where nearly all fit", () => {
    const [moved, unmoved, doubtful] = [createOffsetSearch(), createOffsetSearch(), createOffsetSearch()];
    for (let at = 0; at < 40; at += 1) {
      tryOffsets(moved, (shiftMs) => shiftMs === 45);
      tryOffsets(unmoved, (shiftMs) => Math.abs(shiftMs) < 20);
      tryOffsets(doubtful, (shiftMs) => shiftMs === -25 || at % 5 > 0);
    }
    expect(offsetOfAll(moved)).toEqual({ aheadMs: 45, withinMs: 2.5 });
    expect(offsetOfAll(unmoved)).toEqual({ aheadMs: 0, withinMs: 0 });
    expect(offsetOfAll(doubtful)).toBeUndefined();
    expect(offsetOfAll(createOffsetSearch())).toBeUndefined();
  });
});
