import { describe, expect, it } from "vitest";
import { createNoise } from "../../../test/support/noise.ts";
import {
  KEPT_PAIRS,
  claimOf,
  createTimingModel,
  joinableShare,
  keptPairs,
  learnComparison,
  learnLonePair,
  learnPair,
  learnTimedPair,
  leastDelays,
  mayTell,
  offsetMs,
  strangersPerMs,
} from "../src/timing-model.ts";

describe("a timing model", () => {
  it("knows how far spans begin before their request where the clocks differ", () => {
    const model = createTimingModel();
    expect(leastDelays(model)).toEqual({ startMs: 0, endMs: 0 });
    for (let at = 0; at < 100; at += 1) learnPair(model, -48, 55, 20);
    expect(leastDelays(model)).toEqual({ startMs: -48, endMs: 0 });
    expect(offsetMs(model)).toBe(-48);
    for (let at = 0; at < 300; at += 1) learnPair(model, -48, 55, 20);
    expect(leastDelays(model)).toEqual({ startMs: -48, endMs: 55 });
  });

  it("knows how far a clock is ahead, and of none that explains spans which end after their requests", () => {
    const ahead = createTimingModel();
    const late = createTimingModel();
    for (let at = 0; at < 29; at += 1) learnPair(ahead, 46 + (at % 3), -44 + (at % 5), 20);
    expect(offsetMs(ahead)).toBeUndefined();
    learnPair(ahead, 48, -44, 20);
    expect(offsetMs(ahead)).toBe(44);
    for (let at = 0; at < 40; at += 1) learnPair(late, at % 4, at % 8 === 0 ? -300 : 1, 20);
    expect(offsetMs(late)).toBeUndefined();
  });

  it("follows a change", () => {
    const model = createTimingModel();
    for (let at = 0; at < 20_000; at += 1) learnPair(model, 1, 1, 20);
    expect(leastDelays(model)).toEqual({ startMs: 1, endMs: 1 });
    for (let at = 0; at < 20_000; at += 1) learnPair(model, 9, 9, 20);
    expect(leastDelays(model)).toEqual({ startMs: 9, endMs: 9 });
  });

  it("keeps the pairs that are known when one comes that merely has no rival", () => {
    const model = createTimingModel();
    for (let at = 0; at < KEPT_PAIRS; at += 1) learnPair(model, 2, 3, 20);
    for (let at = 0; at < KEPT_PAIRS; at += 1) learnLonePair(model, 40, 50, 20);
    expect(keptPairs(model)).toBe(KEPT_PAIRS);
    expect(new Set(model.startMs)).toEqual(new Set([2]));
    const empty = createTimingModel();
    learnLonePair(empty, 40, 50, 20);
    expect(keptPairs(empty)).toBe(1);
    expect(empty.startMs[0]).toBe(40);
  });

  it("remembers how many requests have their span among the orphans, and how dense the others are", () => {
    const model = createTimingModel();
    for (let at = 0; at < 100; at += 1)
      learnComparison(model, { requests: 10, joinable: 5, strangers: 2, strangersMs: 100 });
    expect(joinableShare(model)).toBeCloseTo(0.5, 2);
    expect(strangersPerMs(model, { requests: 0, joinable: 0, strangers: 0, strangersMs: 0 })).toBeCloseTo(0.02, 3);
    for (let at = 0; at < 1_000; at += 1)
      learnComparison(model, { requests: 10, joinable: 1, strangers: 8, strangersMs: 100 });
    expect(joinableShare(model)).toBeCloseTo(0.1, 1);
  });

  it("follows pairs that were told by their times in half of its places, where these are sure", () => {
    const model = createTimingModel();
    for (let at = 0; at < KEPT_PAIRS; at += 1) learnPair(model, 2, 3, 20);
    for (let at = 0; at < KEPT_PAIRS; at += 1) learnTimedPair(model, 0.94, 90, 9, 20);
    for (let at = 0; at < 3 * KEPT_PAIRS; at += 1) learnTimedPair(model, 0.99, 4, 5, 20);
    expect(model.startMs.filter((ms) => ms === 2)).toHaveLength(KEPT_PAIRS / 2);
    expect(model.startMs.filter((ms) => ms === 4)).toHaveLength(KEPT_PAIRS / 2);
  });

  it("lets few be told that are less sure than all of them have to be, and more beside many that are surer", () => {
    const model = createTimingModel();
    expect(mayTell(model, 0.95)).toBe(false);
    for (let at = 0; at < 100; at += 1) expect(mayTell(model, 0.99)).toBe(true);
    let told = 0;
    for (let at = 0; at < 100; at += 1) if (mayTell(model, 0.95)) told += 1;
    expect(told).toBeGreaterThan(30);
    expect(told).toBeLessThan(45);
    expect(mayTell(model, 1)).toBe(true);
  });

  it.each([600, 1_500, 5_000])(
    "lets chance make more than 3 in 100 of what it tells wrong in few edges of %i pairs, where claims hold",
    (pairs) => {
      const noise = createNoise(41);
      const edges = 400;
      let over = 0;
      let told = 0;
      for (let edge = 0; edge < edges; edge += 1) {
        const model = createTimingModel();
        let all = 0;
        let wrong = 0;
        for (let at = 0; at < pairs; at += 1) {
          const confidence = claimOf(0.92 + 0.08 * noise());
          if (!mayTell(model, confidence)) continue;
          all += 1;
          if (noise() > confidence) wrong += 1;
        }
        if (wrong > 0.03 * all) over += 1;
        told += all;
      }
      expect(told).toBeGreaterThan(0.25 * pairs * edges);
      expect(over).toBeLessThan(0.22 * edges);
    },
  );

  it("claims less of a pair than it seems sure", () => {
    expect(claimOf(0.96)).toBeCloseTo(0.954, 3);
    expect(claimOf(1)).toBeLessThan(1);
  });
});
