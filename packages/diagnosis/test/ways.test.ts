import { describe, expect, it } from "vitest";
import { byAllWays, weighWays } from "../src/ways.ts";

describe("the ways in which spans lie", () => {
  it("count by how well each tells the known pairs", () => {
    const { shares: together } = weighWays(
      Array.from({ length: 256 }, () => ({ together: 8, apart: 1, anywhere: 0.1 })),
    );
    expect(together.together).toBeGreaterThan(0.85);
    const { shares: apart } = weighWays(
      Array.from({ length: 256 }, () => ({ together: 0.5, apart: 2, anywhere: 0.1 })),
    );
    expect(apart.apart).toBeGreaterThan(0.85);
  });

  it("are shares of one, and none is ever ruled out", () => {
    const { shares: ways } = weighWays(Array.from({ length: 64 }, () => ({ together: 100, apart: 0, anywhere: 0 })));
    expect(ways.together + ways.apart + ways.anywhere).toBeCloseTo(1, 9);
    expect(ways.apart).toBeGreaterThan(0.01);
    expect(ways.anywhere).toBeGreaterThan(0.001);
    expect(byAllWays(ways, { together: 1, apart: 1, anywhere: 1 })).toBeCloseTo(1, 9);
  });

  it("are taken for equal while no pair is known", () => {
    const { together, apart, anywhere } = weighWays([]).shares;
    expect(together).toBe(apart);
    expect(anywhere).toBeLessThan(0.1);
  });
});
