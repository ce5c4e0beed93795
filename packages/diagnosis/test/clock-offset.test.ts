import { describe, expect, it } from "vitest";
import { createOffsetSearch, foundOffsetMs, tryOffsets } from "../src/clock-offset.ts";

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
});
