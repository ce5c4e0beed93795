import { describe, expect, it } from "vitest";
import { OTHER_PARENT, PARENT, PARENT_LINE, SPANS, TRACE, pass, valuesOf } from "../heads.ts";

const W3C = ["traceparent", PARENT_LINE];
const B3 = ["b3", `${TRACE}-${PARENT}-1`];
const OURS = `${TRACE}-${SPANS.clientSpanId}-1`;

describe("formats that leave", () => {
  it("are by default those the context came in", () => {
    const policy = { extract: ["w3c", "b3"] } as const;
    expect(valuesOf(pass([...W3C, ...B3], policy, SPANS).left, "b3")).toEqual([OURS]);
    expect(valuesOf(pass(W3C, policy, SPANS).left, "b3")).toEqual([]);
    const untouched = [...W3C, ...B3];
    expect(pass(untouched, policy).left).toBe(untouched);
  });

  it("have W3C's beside them always", () => {
    const { left } = pass(B3, { extract: ["w3c", "b3"] }, SPANS);
    expect(valuesOf(left, "traceparent")).toEqual([`00-${TRACE}-${SPANS.clientSpanId}-01`]);
    expect(pass(B3, { extract: ["w3c", "b3"] }).left).toEqual([...B3, ...W3C]);
  });

  it("are those the policy names, and a default where none came", () => {
    const named = pass(W3C, { inject: ["b3", "gcp"] }).left;
    expect(named).toEqual([...W3C, ...B3, "x-cloud-trace-context", `${TRACE}/67667974448284343;o=1`]);
    const policy = { extract: ["w3c", "b3"], inject: ["preserve"], injectDefault: "jaeger" } as const;
    expect(valuesOf(pass(W3C, policy, SPANS).left, "uber-trace-id")).toEqual([`${TRACE}:${SPANS.clientSpanId}:0:1`]);
    expect(valuesOf(pass(B3, policy, SPANS).left, "uber-trace-id")).toEqual([]);
  });

  it("keep debug, and a 64-bit id at its length", () => {
    const short = TRACE.slice(16);
    const { left } = pass(["b3", `${short}-${PARENT}-d`], { extract: ["w3c", "b3"] }, SPANS);
    expect(valuesOf(left, "b3")).toEqual([`${short}-${SPANS.clientSpanId}-d`]);
    expect(valuesOf(left, "traceparent")).toEqual([`00-${short.padStart(32, "0")}-${SPANS.clientSpanId}-01`]);
    const later = pass(left.slice(2), { inject: ["b3"] }).left;
    expect(valuesOf(later, "b3")).toEqual([`${short}-${SPANS.clientSpanId}-1`]);
  });

  it("keep what else their fields held", () => {
    const root = `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`;
    const lines = ["x-amzn-trace-id", `Self=1-a-b;${root};Parent=${PARENT};Sampled=1;CalledFrom=app`];
    expect(valuesOf(pass(lines, { extract: ["w3c", "xray"] }, SPANS).left, "x-amzn-trace-id")).toEqual([
      `${root};Parent=${SPANS.clientSpanId};Sampled=1;Self=1-a-b;CalledFrom=app`,
    ]);
  });

  it("keep it too where the policy names the format for writing alone", () => {
    const lines = [...W3C, "x-datadog-trace-id", "7", "x-datadog-parent-id", "8", "x-datadog-tags", "_dd.p.dm=-1"];
    expect(valuesOf(pass(lines, { inject: ["datadog"] }, SPANS).left, "x-datadog-tags")).toEqual([
      `_dd.p.tid=${TRACE.slice(0, 16)},_dd.p.dm=-1`,
    ]);
  });

  it("are written anew where they came malformed beside a good context", () => {
    const { left } = pass([...W3C, "b3", "junk"], { extract: ["w3c", "b3"] });
    expect(valuesOf(left, "b3")).toEqual([`${TRACE}-${PARENT}-1`]);
  });
});

describe("a format that tells of an older context", () => {
  const lines = [...W3C, "b3", `${TRACE}-${OTHER_PARENT}-1`];

  it("is left where the repair is off, and said so where it is a dry run", () => {
    expect(valuesOf(pass(lines, {}, SPANS).left, "b3")).toEqual([`${TRACE}-${OTHER_PARENT}-1`]);
    const dry = pass(lines, { repairs: { stale: "report" } }, SPANS);
    expect([dry.verdict.reported, valuesOf(dry.left, "b3")]).toEqual([["stale"], [`${TRACE}-${OTHER_PARENT}-1`]]);
  });

  it("is refreshed or removed by the repair", () => {
    const refreshed = pass(lines, { repairs: { stale: "on" } }, SPANS);
    expect([refreshed.verdict.repaired, valuesOf(refreshed.left, "b3")]).toEqual([["stale"], [OURS]]);
    const removed = pass(lines, { repairs: { stale: "on" }, stale: "remove" }, SPANS);
    expect(valuesOf(removed.left, "b3")).toEqual([]);
  });

  it("is stale too where it says otherwise of sampling alone", () => {
    const contrary = [...W3C, "b3", `${TRACE}-${PARENT}-0`];
    expect(valuesOf(pass(contrary, { repairs: { stale: "on" } }).left, "b3")).toEqual([`${TRACE}-${PARENT}-1`]);
    const open = [...W3C, "b3", `${TRACE}-${PARENT}`];
    expect(pass(open, { repairs: { stale: "on" } }).left).toBe(open);
  });

  it("is stale too where it disagrees with a context that goes on as it came", () => {
    expect(valuesOf(pass(lines, { repairs: { stale: "on" } }).left, "b3")).toEqual([`${TRACE}-${PARENT}-1`]);
    const agreeing = [...W3C, ...B3];
    expect(pass(agreeing, { repairs: { stale: "on" } }).left).toBe(agreeing);
  });

  it("is not looked for in a field that only has a format's name", () => {
    const plain = [...W3C, "Request-Id", "5f0c1c1e", "b3", "tablet"];
    const { reading, left } = pass(plain, { repairs: { stale: "on" }, stale: "remove" });
    expect(left).toBe(plain);
    expect(reading).toMatchObject({ kind: "valid", notes: [] });
  });

  it("never goes on from a caller that is not believed, be it listed", () => {
    const policy = { extract: ["w3c", "b3"], inject: [] } as const;
    for (const trust of ["restart", "ignore"] as const) {
      expect(valuesOf(pass(lines, { ...policy, trust }, SPANS).left, "b3")).toEqual([]);
      expect(valuesOf(pass(lines, { ...policy, trust }).left, "b3")).toEqual([]);
    }
  });
});
