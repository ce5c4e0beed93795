import { describe, expect, it } from "vitest";
import type { Scene } from "../src/suspects.ts";
import { OBSERVATIONS, suspectsOf } from "../src/suspects.ts";
import type { BreakKind } from "../src/index.ts";

const before: Scene = {
  kind: "stripped-before-us",
  side: "before",
  from: "10.0.0.9",
  to: "us-in",
  known: false,
  cluster: "us-1",
  direct: 0,
};
const behind: Scene = { ...before, side: "behind", from: "us-in", to: "shop" };
const kind = (of: BreakKind): Scene => ({ ...behind, kind: of });

/** One case for each row, in the order of the table. */
const CASES: readonly (readonly [Scene, string])[] = [
  [{ ...before, from: "eu-1", known: true }, "the hop between the border of cluster eu-1 and us-in (cluster us-1)"],
  [{ ...before, kind: "malformed-traceparent" }, "10.0.0.9"],
  [before, "10.0.0.9, or a hop between it and its callers"],
  [{ ...kind("dropped-by-callee"), direct: 1 }, "service shop"],
  [kind("dropped-by-callee"), "service shop"],
  [kind("dropped-before-callee"), "the hop between us-in and service shop"],
  [kind("ghost-hop"), "the hop between us-in and service shop"],
  [kind("rewritten-trace-id"), "service shop"],
  [kind("recorded-unsampled"), "service shop"],
  [kind("export-loss"), "the exporter of service shop"],
  [kind("clock-skew"), "the clock of service shop"],
  [kind("deliberate-restart"), "service shop"],
];

describe("the table of observations", () => {
  it("has a case here for each of its rows", () => {
    expect(CASES.map(([scene]) => OBSERVATIONS.findIndex(({ fits }) => fits(scene)))).toEqual(
      OBSERVATIONS.map((_, row) => row),
    );
  });

  it.each(CASES)("names the likeliest first: %j", (scene, hop) => {
    const suspects = suspectsOf(scene);
    expect(suspects[0].hop).toBe(hop);
    expect(suspects.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(suspects.map(({ share }) => share)).toEqual(suspects.map(({ share }) => share).toSorted((a, b) => b - a));
  });

  it("leads by more where the service saw our own connection", () => {
    const leads = (direct: number): number => suspectsOf({ ...kind("dropped-by-callee"), direct })[0].share;
    expect(leads(1)).toBeGreaterThan(leads(0));
  });
});
