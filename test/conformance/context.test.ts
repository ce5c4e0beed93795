import { describe, expect, it } from "vitest";
import { applyEdits, cross, defineBoundary } from "@tracemend/context";
import { CASES, violations } from "./cases.ts";
import type { ConformanceCase } from "./cases.ts";

const SPANS = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  serverSpanId: "b7ad6b7169203331",
  clientSpanId: "53995c3f42cd8ad8",
};
const boundary = defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" });

function violationsOf(each: ConformanceCase): readonly string[] {
  const grant = () => (each.role === "participant" ? SPANS : undefined);
  return violations(each, applyEdits(each.sent, cross(boundary, each.sent, grant).edits));
}

describe("Trace Context Level 2, by section", () => {
  it.each(CASES.map((each) => [each.section, each.role, each.demand, each] as const))(
    "%s, %s: %s",
    (_section, _role, _demand, each) => {
      expect(violationsOf(each)).toEqual([]);
    },
  );
});

describe("the check of a case", () => {
  const kept = CASES.find((each) => each.demand === "a valid context goes on under a new parent") as ConformanceCase;
  const good = applyEdits(kept.sent, cross(boundary, kept.sent, () => SPANS).edits);

  it("tells what is wrong with lines that left", () => {
    expect(violations(kept, good)).toEqual([]);
    expect(violations(kept, [])).toEqual(["0 traceparent left"]);
    expect(violations(kept, [...good, ...good])).toContain("2 traceparent left");
    expect(violations(kept, kept.sent)).toEqual(["parent 1234567890123456 left", "no member of ours came first: "]);
    expect(violations(kept, ["traceparent", "00-x"])).toContain("an invalid traceparent left: 00-x");
    expect(violations(kept, [...good.slice(0, 2), "tracestate", ""])).toContain('tracestate left as [""]');
  });
});
