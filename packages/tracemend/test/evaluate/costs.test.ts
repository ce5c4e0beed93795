import { describe, expect, it } from "vitest";
import type { CostLoad } from "../../src/evaluate/cost-load.ts";
import { measureCosts } from "../../src/evaluate/costs.ts";

const FEW: CostLoad = {
  name: "few",
  inFlight: 200,
  shape: "answers",
  maxBytes: 1 << 22,
  before: 1_000,
  measured: 1_000,
};

describe("what the diagnosis costs", () => {
  it("is measured in a process of its own, load by load or by turns", async () => {
    const told: string[] = [];
    const loads: CostLoad[] = [FEW, { ...FEW, name: "program", shape: "program" }];
    const scores = await measureCosts([loads], ({ load }) => told.push(load));
    expect(told).toEqual(["few", "program"]);
    expect(scores.map(({ load }) => load)).toEqual(told);
    const [first, second] = scores;
    expect(first?.toFirst).toBeUndefined();
    expect(second?.toFirst?.crossing).toBeGreaterThan(0);
    expect(second?.toFirst?.span).toBeGreaterThan(0);
    for (const { crossing, span, ticks, bytes, capacityBytes } of scores) {
      expect(crossing.mean).toBeGreaterThan(0);
      expect(span.mean).toBeGreaterThan(0);
      expect(ticks).toBeGreaterThan(0);
      expect(bytes).toBeGreaterThan(0);
      expect(capacityBytes).toBeLessThanOrEqual(FEW.maxBytes);
    }
  });

  it("is no figure where the diagnosis says what is not so", async () => {
    // Too few requests for a break to be found.
    const broken: CostLoad = { ...FEW, name: "broken", shape: "roots", before: 0, measured: 100 };
    await expect(measureCosts([[FEW], [broken]], () => {})).rejects.toThrow(/the cost of "broken" was not measured: /);
  });
});
