import { describe, expect, it } from "vitest";
import { fieldValue, fieldValues, findField, isField } from "../src/index.ts";
import { trimBlanks } from "../src/field-lines.ts";

const LINES = ["Host", "a", "X-A", " 1\t", "x-a", "2", "odd"];

describe("field lines", () => {
  it("compares names without regard to ASCII case, and nothing else", () => {
    expect(isField("TrAcEpArEnT", "traceparent")).toBe(true);
    expect(isField("traceparent ", "traceparent")).toBe(false);
    expect(isField("trace_parent", "trace-parent")).toBe(false);
    expect(isField("x\ra", "x-a")).toBe(false);
    expect(isField("X@A", "x`a")).toBe(false);
    expect(isField("tr\u0100ceparent", "traceparent")).toBe(false);
  });

  it("finds lines in wire order from where it is asked to", () => {
    expect(findField(LINES, "x-a")).toBe(2);
    expect(findField(LINES, "x-a", 4)).toBe(4);
    expect(findField(LINES, "x-a", 6)).toBe(-1);
  });

  it("passes over a name without a value at the end", () => {
    expect(findField(LINES, "odd")).toBe(-1);
  });

  it("gives the first value trimmed and all values as they came", () => {
    expect(fieldValue(LINES, "x-a")).toBe("1");
    expect(fieldValue(LINES, "x-b")).toBeUndefined();
    expect(fieldValues(LINES, "x-a")).toEqual([" 1\t", "2"]);
  });

  it("trims blanks and tabs but no other white space", () => {
    expect(trimBlanks(" \t a b \t")).toBe("a b");
    expect(trimBlanks("\u00a0a\n")).toBe("\u00a0a\n");
    expect(trimBlanks("  ")).toBe("");
  });
});
