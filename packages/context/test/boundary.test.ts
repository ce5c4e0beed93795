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
