import { expect, it } from "vitest";
import { cross, defineBoundary } from "../src/index.ts";
import { PARENT, PARENT_LINE, SPANS, TRACE } from "./heads.ts";

const boundary = defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" });

it("a boundary asks for spans only where it would use them", () => {
  let asked = 0;
  const grant = () => {
    asked += 1;
    return SPANS;
  };
  expect(cross(boundary, ["traceparent", `00-${TRACE}-${PARENT}-00`], grant)).toMatchObject({
    spans: undefined,
    verdict: { reason: "intact", ownParent: false },
  });
  expect(asked).toBe(0);
  expect(cross(boundary, ["traceparent", PARENT_LINE], grant).spans).toBe(SPANS);
  expect(asked).toBe(1);
});

it.each([
  ["nothing", []],
  ["no list", ["traceparent", PARENT_LINE]],
  ["a list", ["traceparent", PARENT_LINE, "tracestate", "vendor=1"]],
  ["a list of our own", ["traceparent", PARENT_LINE, "tracestate", "tm=1,vendor=1"]],
  ["a list with something wrong", ["traceparent", PARENT_LINE, "tracestate", "vendor=1,vendor=2,=,"]],
  ["a context that is not sampled", ["traceparent", `00-${TRACE}-${PARENT}-00`, "tracestate", "vendor=1"]],
  ["an invalid context", ["traceparent", "00-0-0-00"]],
])("the context of a passage is the verdict's, whichever is asked for first: %s", (_name, lines) => {
  for (const spans of [undefined, SPANS]) {
    const [early, late] = [cross(boundary, lines, () => spans), cross(boundary, lines, () => spans)];
    const { context } = early;
    expect(context).toEqual(early.verdict.context);
    expect(early.context).toBe(early.verdict.context);
    expect(late.verdict.context).toEqual(context);
    expect(late.context).toBe(late.verdict.context);
  }
});
