import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Candidate, Scene } from "../src/candidates.ts";
import { createTimingModel } from "../src/timing-model.ts";
import { weighPairs } from "../src/weigh-pairs.ts";

function weigh(likened: readonly Omit<Candidate, "answerable">[], scene: Partial<Scene> = {}): readonly number[] {
  const candidates = likened.map((pair) => ({ ...pair, answerable: 1 }));
  const due = new Set(candidates.map(({ record }) => record));
  const orphans = new Set(candidates.map(({ orphan }) => orphan)).size;
  const whole = { due, orphans, spanMs: 1_000, ...scene };
  return weighPairs(createTimingModel(), candidates, whole).pairs.map(({ confidence }) => confidence);
}

describe("weighing pairs", () => {
  it("is sure of a pair that has no rival and is likelier than chance", () => {
    expect(weigh([{ record: 1, orphan: 1, odds: 5 }])[0]).toBeGreaterThan(0.99);
    expect(weigh([{ record: 1, orphan: 1, odds: 0.0001 }])[0]).toBeLessThan(0.5);
  });

  it("is sure of neither of two that fit alike", () => {
    const [one, other] = weigh([
      { record: 1, orphan: 1, odds: 5 },
      { record: 2, orphan: 1, odds: 5 },
    ]);
    expect(one).toBeCloseTo(0.5, 1);
    expect(other).toBeCloseTo(0.5, 1);
  });

  it("does not count a rival that surely belongs elsewhere", () => {
    const [, mine] = weigh([
      { record: 1, orphan: 1, odds: 500 },
      { record: 2, orphan: 1, odds: 5 },
      { record: 2, orphan: 2, odds: 5 },
    ]);
    const [, , left] = weigh([
      { record: 1, orphan: 1, odds: 500 },
      { record: 2, orphan: 1, odds: 5 },
      { record: 2, orphan: 2, odds: 5 },
    ]);
    expect(mine).toBeLessThan(0.05);
    expect(left).toBeGreaterThan(0.95);
  });

  it("is as sure of two pairs that could be swapped as both ways differ, however likely each is", () => {
    const [one, , , other] = weigh([
      { record: 1, orphan: 1, odds: 2_000 },
      { record: 1, orphan: 2, odds: 1_000 },
      { record: 2, orphan: 1, odds: 1_000 },
      { record: 2, orphan: 2, odds: 1_000 },
    ]);
    expect(one).toBeCloseTo(2 / 3, 1);
    expect(other).toBeCloseTo(2 / 3, 1);
  });

  it("trusts pairs less where many orphans lie about that no request explains", () => {
    const pair = [{ record: 1, orphan: 1, odds: 0.05 }];
    const [quiet = 0] = weigh(pair, { orphans: 1, spanMs: 1_000 });
    const [busy = 1] = weigh(pair, { orphans: 200, spanMs: 1_000 });
    expect(quiet).toBeGreaterThan(0.9);
    expect(busy).toBeLessThan(0.7);
  });

  it("gives no request and no orphan away twice", () => {
    const candidate = fc.record({
      record: fc.integer({ min: 1, max: 6 }),
      orphan: fc.integer({ min: 1, max: 6 }),
      odds: fc.double({ min: 0, max: 1e6, noNaN: true }),
    });
    const candidates = fc.uniqueArray(candidate, { selector: ({ record, orphan }) => `${record} ${orphan}` });
    fc.assert(
      fc.property(candidates, (some) => {
        const sure = weigh(some);
        for (const key of ["record", "orphan"] as const) {
          const taken = some.filter((_, at) => (sure[at] as number) > 0.9).map((pair) => pair[key]);
          expect(new Set(taken).size).toBe(taken.length);
        }
      }),
    );
  });
});
