import { describe, expect, it } from "vitest";
import type { FieldLines, PolicyOptions } from "../../src/index.ts";
import { OTHER_PARENT, PARENT, PARENT_LINE, SPANS, TRACE, pass } from "../heads.ts";

const LOW = TRACE.slice(16);
const B3 = ["b3", `${TRACE}-${PARENT}-1`];
const OTHER_B3 = ["b3", `${SPANS.traceId}-${OTHER_PARENT}-1`];
const W3C = ["traceparent", PARENT_LINE];
const both = (first: "w3c" | "b3") => ({
  extract: first === "w3c" ? (["w3c", "b3"] as const) : (["b3", "w3c"] as const),
});

function seen(lines: FieldLines, policy: PolicyOptions) {
  const { reading, verdict } = pass(lines, policy);
  const found = reading.kind === "invalid" ? reading.defects : reading.notes;
  return [reading.kind, verdict.reason, verdict.context?.parentId, ...found.map((each) => each.code)];
}

describe("a context in another format", () => {
  it("is not looked at unless the policy names the format", () => {
    expect(seen(B3, {})).toEqual(["absent", "no-span", undefined]);
    expect(pass(B3).left).toBe(B3);
  });

  it("is taken where W3C's is absent or invalid", () => {
    expect(seen(B3, both("w3c"))).toEqual(["valid", "format-translated", PARENT]);
    expect(seen(["traceparent", "00-x", ...B3], both("w3c"))).toEqual([
      "valid",
      "format-translated",
      PARENT,
      "traceparent-length",
    ]);
  });

  it("gives way to W3C's, or goes before it, in the order of the list", () => {
    expect(seen([...OTHER_B3, ...W3C], both("w3c"))).toEqual(["valid", "intact", PARENT, "format-conflict"]);
    expect(seen([...OTHER_B3, ...W3C], both("b3"))).toEqual([
      "valid",
      "format-translated",
      OTHER_PARENT,
      "format-conflict",
    ]);
  });

  it("is linked to where another trace went before it", () => {
    const { verdict } = pass([...OTHER_B3, ...W3C], both("w3c"), SPANS);
    expect(verdict.links).toEqual([{ traceId: SPANS.traceId, parentId: OTHER_PARENT, flags: 1, tracestate: "" }]);
  });

  it("may restart the trace where it names another one", () => {
    const { verdict } = pass([...OTHER_B3, ...W3C], { ...both("w3c"), conflict: "restart" }, SPANS);
    expect(verdict).toMatchObject({ action: "restart", reason: "format-conflict" });
    expect(verdict.links?.map((link) => link.traceId)).toEqual([TRACE, SPANS.traceId]);
    const noisy = ["connection", "close, traceparent", ...OTHER_B3, ...W3C];
    expect(seen(noisy, { ...both("w3c"), conflict: "restart" }).slice(3)).toEqual(["format-conflict", "hop-nominated"]);
  });

  it("that names another parent or another decision is said so", () => {
    expect(seen([...W3C, "b3", `${TRACE}-${OTHER_PARENT}-1`], both("w3c")).slice(3)).toEqual([
      "format-parent-conflict",
    ]);
    expect(seen([...W3C, "b3", `${TRACE}-${PARENT}-0`], both("w3c")).slice(3)).toEqual(["format-sampling-conflict"]);
    expect(seen([...W3C, "b3", `${TRACE}-${PARENT}`], both("w3c")).slice(3)).toEqual([]);
  });

  it("with 64 bits agrees with the trace that has them as its low half, and takes its id and tracestate", () => {
    const lines = ["b3", `${LOW}-${OTHER_PARENT}-1`, ...W3C, "tracestate", "a=1"];
    expect(seen(lines, both("w3c")).slice(3)).toEqual(["format-parent-conflict"]);
    expect(pass(lines, both("b3")).verdict.context).toEqual({
      traceId: TRACE,
      parentId: OTHER_PARENT,
      flags: 1,
      tracestate: "a=1",
    });
  });

  it("that is malformed or only recognised is noted and harms nothing", () => {
    const policy: PolicyOptions = { extract: ["b3", "w3c", "skywalking"] };
    const lines = [...W3C, "b3", "junk", "sw8", "1-a-b-3-c-d-e-f"];
    expect(seen(lines, policy)).toEqual(["valid", "intact", PARENT, "format-malformed", "format-recognised"]);
  });

  it("single beats multi where they disagree, in the order of the list", () => {
    const multi = ["x-b3-traceid", SPANS.traceId, "x-b3-spanid", OTHER_PARENT, "x-b3-sampled", "1"];
    expect(seen([...multi, ...B3], { extract: ["w3c", "b3", "b3-multi"] })).toEqual([
      "valid",
      "format-translated",
      PARENT,
      "format-conflict",
    ]);
  });
});

describe("a trace id without a parent", () => {
  const root = ["x-amzn-trace-id", `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)};Self=1-a-b`];
  const policy = { extract: ["w3c", "xray"] } as const;

  it("is adopted by the trace that begins here, which claims no random bits", () => {
    const { verdict } = pass(root, policy, SPANS);
    expect(verdict).toMatchObject({
      action: "start",
      reason: "trace-id-adopted",
      context: { traceId: TRACE, parentId: SPANS.clientSpanId, flags: 1 },
    });
  });

  it("goes on untouched where no span of ours is exported", () => {
    expect(pass(root, policy).left).toBe(root);
  });

  it("is not adopted from a caller that is not believed", () => {
    const { verdict, left } = pass(root, { ...policy, trust: "restart" }, SPANS);
    expect([verdict.reason, verdict.context?.traceId]).toEqual(["untrusted", SPANS.traceId]);
    expect(left.join()).not.toContain(TRACE.slice(8));
  });
});

describe("sampling alone", () => {
  const policy = { extract: ["w3c", "b3"] } as const;

  it("that refuses begins no trace", () => {
    const lines = ["b3", "0"];
    expect(pass(lines, policy, SPANS)).toMatchObject({
      verdict: { action: "preserve", reason: "sampling-denied" },
      left: lines,
    });
    expect(pass(lines, { ...policy, sampling: { denied: "override" } }, SPANS).verdict.action).toBe("start");
  });

  it("that accepts begins one", () => {
    expect(pass(["b3", "d"], policy, SPANS).verdict).toMatchObject({ action: "start", ownParent: true });
  });
});

describe("an open decision", () => {
  const lines = ["b3", `${TRACE}-${PARENT}`];
  const policy = { extract: ["w3c", "b3"] } as const;

  it("is ours to make", () => {
    const { left } = pass(lines, policy, SPANS);
    expect(left.slice(0, 4)).toEqual([
      "b3",
      `${TRACE}-${SPANS.clientSpanId}-1`,
      "traceparent",
      `00-${TRACE}-${SPANS.clientSpanId}-01`,
    ]);
  });

  it("stays open where we make none: W3C's flag would refuse", () => {
    expect(pass(lines, policy).left).toBe(lines);
    const broken = [...lines, "traceparent", "00-x", "tracestate", "a=1"];
    expect(pass(broken, policy).left).toEqual(lines);
  });
});
