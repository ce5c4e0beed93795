import { describe, expect, it } from "vitest";
import { readOt, writeThreshold } from "../../src/sample/ot-member.ts";

const none = { threshold: undefined, randomness: undefined };

describe("the member ot", () => {
  it.each([
    ["", none],
    ["a=1", none],
    ["ot=th:c", { threshold: "c0000000000000", randomness: undefined }],
    ["a=ot=th:c", none],
    ["a=1, ot=rv:0123456789abcd;th:8;x:y", { threshold: "80000000000000", randomness: "0123456789abcd" }],
    ["ot=th:zz;rv:12", none],
  ])("is read from %j", (tracestate, expected) => {
    expect(readOt(tracestate)).toEqual(expected);
  });

  it.each([
    ["", "c0000000000000", "ot=th:c"],
    ["a=1,b=2", "80000000000000", "ot=th:8,a=1,b=2"],
    ["a=1 , ot=rv:0123456789abcd;th:8;x:y", "c0000000000000", "ot=th:c;rv:0123456789abcd;x:y,a=1"],
    ["a=1,ot=th:8", undefined, "a=1"],
    ["ot=th:8", undefined, ""],
    ["ot=th:8;rv:0123456789abcd", undefined, "ot=rv:0123456789abcd"],
  ])("of %j gets the threshold %s", (tracestate, threshold, expected) => {
    expect(writeThreshold(tracestate, threshold)).toBe(expected);
  });

  it("does not make a list longer than 32 members, nor a value longer than 256 characters", () => {
    const full = Array.from({ length: 32 }, (_, index) => `k${index}=v`).join(",");
    expect(writeThreshold(full, "80000000000000").split(",")).toHaveLength(32);
    const long = `ot=rv:0123456789abcd;${"x:".padEnd(250, "y")}`;
    expect(writeThreshold(long, "80000000000000")).toBe("ot=th:8;rv:0123456789abcd");
  });
});
