import { describe, expect, it } from "vitest";
import { definePolicy, read } from "../src/index.ts";
import { repairsOf } from "../src/repairs.ts";
import { OTHER_PARENT, PARENT, PARENT_LINE, TRACE, pass } from "./heads.ts";

const carrier = { read: true };
const CARRIER_LINES = pass(["traceparent", PARENT_LINE], { carrier: { send: true } }).left.slice(2);

describe("the repairs a reading calls for", () => {
  it("are none where nothing is wrong", () => {
    const policy = definePolicy({ repair: "on" });
    for (const lines of [[], ["traceparent", PARENT_LINE], ["traceparent", `00-${TRACE}-${PARENT}-09`]])
      expect(repairsOf(read(lines, policy), policy, undefined)).toEqual({ repaired: undefined, reported: undefined });
  });

  it("fall back to the carrier where the first one is not made", () => {
    const lines = ["traceparent", PARENT_LINE, "traceparent", `00-${TRACE}-${OTHER_PARENT}-01`, ...CARRIER_LINES];
    const both = definePolicy({ repair: "on", carrier });
    expect(repairsOf(read(lines, both), both, undefined)).toEqual({ repaired: ["duplicates"], reported: undefined });
    const one = definePolicy({ repair: "on", repairs: { duplicates: "report" }, carrier });
    expect(repairsOf(read(lines, one), one, undefined)).toEqual({ repaired: ["carrier"], reported: ["duplicates"] });
  });
});
