import { describe, expect, it } from "vitest";
import { singleValue } from "../src/duplicates.ts";
import { OTHER_PARENT, PARENT_LINE, SPANS, TRACE } from "./heads.ts";

const SAME = `00-${TRACE}-${OTHER_PARENT}-00`;
const OTHER = `00-${SPANS.traceId}-${OTHER_PARENT}-01`;
const FUTURE = `cc-${TRACE}-${OTHER_PARENT}-01-a,b,c`;

function found(...values: string[]) {
  const single = singleValue(values);
  const list = single.kind === "one" ? single.notes : single.defects;
  return [single.kind, ...list.map((each) => each.code)];
}

describe("several traceparent values", () => {
  it("that are identical are one", () => {
    expect(found(PARENT_LINE, PARENT_LINE)).toEqual(["one", "duplicate-identical"]);
    expect(found(PARENT_LINE, ` ${PARENT_LINE}`)).toEqual(["one", "traceparent-padded", "duplicate-identical"]);
    expect(found("x", "x")).toEqual(["one", "duplicate-identical"]);
  });

  it("of one trace are told from those of two", () => {
    expect(found(PARENT_LINE, SAME)).toEqual(["several", "duplicate-same-trace"]);
    expect(found(PARENT_LINE, OTHER)).toEqual(["several", "duplicate-conflicting"]);
    expect(found(PARENT_LINE, "")).toEqual(["several", "duplicate-conflicting"]);
    expect(found(PARENT_LINE, SAME, OTHER)).toEqual(["several", "duplicate-conflicting"]);
    expect(found(PARENT_LINE, SAME.slice(0, 54))).toEqual(["several", "duplicate-conflicting"]);
  });

  it("are recognised where a runtime joined them with a comma", () => {
    expect(found(`${PARENT_LINE}, ${PARENT_LINE}`)).toEqual([
      "one",
      "traceparent-joined",
      "traceparent-padded",
      "duplicate-identical",
    ]);
    expect(found(`${PARENT_LINE},${SAME}`)).toEqual(["several", "duplicate-same-trace", "traceparent-joined"]);
    expect(found(`${PARENT_LINE}, ${OTHER}`)).toEqual(["several", "duplicate-conflicting", "traceparent-joined"]);
  });

  it("are not seen in the commas of a newer version's own fields", () => {
    expect(singleValue([FUTURE])).toEqual({ kind: "one", value: FUTURE, notes: [] });
  });

  it("are conflicting without a closer look where there are too many", () => {
    expect(found(...Array.from({ length: 17 }, (_, at) => (at === 0 ? SAME : PARENT_LINE)))).toEqual([
      "several",
      "duplicate-conflicting",
    ]);
  });
});
