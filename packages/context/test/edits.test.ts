import { describe, expect, it } from "vitest";
import { NO_EDITS, applyEdits, read } from "../src/index.ts";
import { PARENT_LINE } from "./heads.ts";

const LINES = ["Host", "a", "X-A", "1", "x-b", "2", "x-a", "3", "X-a", "4"];

describe("edits", () => {
  it("hands back the same lines where there are none", () => {
    expect(applyEdits(LINES, NO_EDITS)).toBe(LINES);
  });

  it("leave one line in the place of the first, under the name that came", () => {
    expect(applyEdits(LINES, [{ name: "x-a", value: "9" }])).toEqual(["Host", "a", "X-A", "9", "x-b", "2"]);
  });

  it("remove every line of a field", () => {
    expect(applyEdits(LINES, [{ name: "x-a", value: null }])).toEqual(["Host", "a", "x-b", "2"]);
    expect(applyEdits(["x-a", "1"], [{ name: "x-a", value: null }])).toEqual([]);
  });

  it("append a field that was absent, and remove none that was", () => {
    const edits = [
      { name: "x-c", value: "5" },
      { name: "x-d", value: null },
    ];
    expect(applyEdits(["Host", "a"], edits)).toEqual(["Host", "a", "x-c", "5"]);
  });

  it("never change the lines they are applied to", () => {
    const before = [...LINES];
    applyEdits(LINES, [
      { name: "x-a", value: null },
      { name: "x-b", value: "0" },
    ]);
    expect(LINES).toEqual(before);
  });

  it("may be more than a machine word has bits", () => {
    const edits = Array.from({ length: 40 }, (_, at) => ({ name: `x-${at}`, value: `${at}` }));
    const lines = edits.flatMap(({ name }) => [name, "old", name, "older"]);
    expect(applyEdits(lines, edits)).toEqual(edits.flatMap(({ name, value }) => [name, value]));
  });

  it("of the trace are found anew where the lines were changed since they were read", () => {
    const lines = ["traceparent", PARENT_LINE, "tracestate", "a=1"];
    const edits = [
      { name: "traceparent", value: "new" },
      { name: "tracestate", value: "newer" },
    ];
    read(lines);
    lines.push("Traceparent", PARENT_LINE);
    expect(applyEdits(lines, edits)).toEqual(["traceparent", "new", "tracestate", "newer"]);
    read(lines);
    expect(applyEdits(["tracestate", "a=1"], edits)).toEqual(["tracestate", "newer", "traceparent", "new"]);
    expect(applyEdits(lines, edits)).toEqual(["traceparent", "new", "tracestate", "newer"]);
  });
});
