import { describe, expect, it } from "vitest";
import {
  formatThreshold,
  keepAll,
  keepNone,
  parseRandomness,
  parseThreshold,
  randomnessOf,
  thresholdOf,
} from "../../src/sample/threshold.ts";

describe("thresholds", () => {
  // The examples of the specification, and those of the Collector's probabilistic sampler.
  it.each([
    [1, "0"],
    [0.5, "8"],
    [0.25, "c"],
    [0.75, "4"],
    [0.1, "e666"],
    [0.01, "fd70a"],
    [0.001, "ffbe77"],
    [0.99, "028f6"],
    [2 ** -56, "ffffffffffffff"],
  ])("of a share of %d are %s", (share, th) => {
    expect(formatThreshold(thresholdOf(share))).toBe(th);
  });

  it("keep nothing of a share of nothing", () => {
    expect(thresholdOf(0)).toBe(keepNone);
    expect("f".repeat(14) >= keepNone).toBe(false);
  });

  it("have as many digits as are asked for", () => {
    expect(formatThreshold(thresholdOf(1 / 3, 1))).toBe("b");
    expect(formatThreshold(thresholdOf(1 / 3, 14))).toMatch(/^a{13}/);
  });

  it("are read filled up, and only when they are hexadecimal", () => {
    expect(parseThreshold("c")).toBe("c0000000000000");
    expect(parseThreshold("0")).toBe(keepAll);
    for (const text of ["", "C", "g", "0".repeat(15)]) expect(parseThreshold(text)).toBeUndefined();
  });

  it("are compared with the right 56 bits of the trace id, or with 14 digits told", () => {
    expect(randomnessOf("0af7651916cd43dd8448eb211c80319c")).toBe("48eb211c80319c");
    expect(parseRandomness("48eb211c80319c")).toBe("48eb211c80319c");
    for (const text of ["48eb", "48EB211C80319C"]) expect(parseRandomness(text)).toBeUndefined();
  });
});
