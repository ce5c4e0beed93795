import { describe, expect, it } from "vitest";
import { wilsonLowerBound } from "../src/wilson.ts";

describe("the 99 % Wilson lower bound", () => {
  it("grows with the evidence and stays below the share", () => {
    expect(wilsonLowerBound(0, 100)).toBe(0);
    expect(wilsonLowerBound(3, 0)).toBe(0);
    expect(wilsonLowerBound(5, 50)).toBeCloseTo(0.0322, 2);
    expect(wilsonLowerBound(100, 1000)).toBeGreaterThan(wilsonLowerBound(10, 100));
    expect(wilsonLowerBound(1000, 1000)).toBeLessThan(1);
    expect(wilsonLowerBound(1, 1000)).toBeLessThan(0.005);
  });
});
