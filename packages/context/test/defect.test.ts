import { describe, expect, it } from "vitest";
import { DEFECT_CODES, defectOf } from "../src/index.ts";

describe("the list of defects", () => {
  it("gives every code a sentence and the place where the rule stands", () => {
    for (const code of DEFECT_CODES) {
      const { message, section } = defectOf(code);
      expect(message).toMatch(/^[A-Zt].{20,}\.$/);
      expect(section).toMatch(/^3(\.\d){0,4}$|^3\.2\.2\.5\.3$|^RFC \d+, [\d.]+$|^the format's own$/);
    }
  });

  it("hands out one shared value for each code", () => {
    expect(defectOf("trace-id-zero")).toBe(defectOf("trace-id-zero"));
    expect(new Set(DEFECT_CODES).size).toBe(DEFECT_CODES.length);
  });
});
