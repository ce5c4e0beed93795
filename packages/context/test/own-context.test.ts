import { expect, it } from "vitest";
import { formatOwnMember, hashTraceId, parseOwnMember, memberValue } from "../src/index.ts";
import { OTHER_PARENT, PARENT, SPANS, TRACE, pass } from "./heads.ts";

it("our span goes into the trace with a member that says so, in the place of the member before", () => {
  const before = formatOwnMember({
    cluster: "us-1",
    hop: 4,
    traceIdHash: hashTraceId(TRACE),
    spanId: PARENT,
    flags: 1,
  });
  const lines = ["traceparent", `00-${TRACE}-${OTHER_PARENT}-03`, "tracestate", `a=1,tm=${before},b=2`];
  const context = pass(lines, {}, SPANS).verdict.context;
  expect(parseOwnMember(memberValue(context?.tracestate ?? "", "tm") ?? "")).toEqual({
    cluster: "eu-1",
    hop: 5,
    traceIdHash: hashTraceId(TRACE),
    spanId: SPANS.clientSpanId,
    flags: 3,
  });
  expect(context?.tracestate).toMatch(/^tm=[^,]*,a=1,b=2$/);
});

it("a trace that begins here is random and has our member alone", () => {
  const context = pass([], {}, SPANS).verdict.context;
  expect(context).toMatchObject({ traceId: SPANS.traceId, parentId: SPANS.clientSpanId, flags: 3 });
  expect(context?.tracestate).toMatch(/^tm=1\.eu-1\.01\.[^,]*$/);
});

it("our member counts the borders the trace has passed, up to 255", () => {
  const hopAfter = (hop: number) => {
    const before = formatOwnMember({ cluster: "us-1", hop, traceIdHash: hashTraceId(TRACE), spanId: PARENT, flags: 1 });
    const lines = ["traceparent", `00-${TRACE}-${PARENT}-01`, "tracestate", `tm=${before}`];
    return parseOwnMember(memberValue(pass(lines, {}, SPANS).verdict.context?.tracestate ?? "", "tm") ?? "")?.hop;
  };
  expect([1, 2, 254, 255].map(hopAfter)).toEqual([2, 3, 255, 255]);
});
