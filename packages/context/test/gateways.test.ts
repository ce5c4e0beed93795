// Heads as gateways, load balancers and clients of the field make them, each through a whole boundary.
import { describe, expect, it } from "vitest";
import type { FieldLines, FormatName, PolicyOptions } from "../src/index.ts";
import { OTHER_PARENT, PARENT, PARENT_LINE, SPANS, TRACE, pass, valuesOf } from "./heads.ts";

const KONG_ORDER = ["b3", "b3-multi", "w3c", "jaeger", "ot-tracer", "datadog", "xray", "gcp", "instana"] as const;
const EVERY: readonly (FormatName | "w3c")[] = [...KONG_ORDER, "grpc-trace-bin", "sentry", "azure", "skywalking"];
const OURS = `00-${TRACE}-${SPANS.clientSpanId}`;
const leaves = (lines: FieldLines, policy: PolicyOptions = {}) =>
  valuesOf(pass(lines, policy, SPANS).left, "traceparent");

describe("a head from the field", () => {
  it("with tracestate is not taken for B3 by an order that looks for B3 first", () => {
    const lines = ["traceparent", PARENT_LINE, "tracestate", "rojo=1"];
    expect(pass(lines, { extract: KONG_ORDER }, SPANS).verdict).toMatchObject({ action: "preserve", reason: "intact" });
    expect(leaves(lines, { extract: KONG_ORDER })).toEqual([`${OURS}-01`]);
  });

  it("with a thousand fields before traceparent is read to its end, and a cut one is said to be cut", () => {
    const filler = Array.from({ length: 1100 }, (_, at) => [`x-filler-${at}`, "v"]).flat();
    expect(leaves([...filler, "traceparent", PARENT_LINE])).toEqual([`${OURS}-01`]);
    const cut = pass(filler, {}, SPANS, { truncated: true });
    expect(cut.reading).toMatchObject({ kind: "absent", notes: [{ code: "head-truncated" }] });
  });

  it("from a load balancer with Self and Root keeps both and begins a span in that trace", () => {
    const root = `1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`;
    const lines = ["X-Amzn-Trace-Id", `Self=1-67891234-12456789abcdef012345678;Root=${root};Custom=7`];
    const { left } = pass(lines, { extract: EVERY }, SPANS);
    expect(valuesOf(left, "x-amzn-trace-id")).toEqual([
      `Root=${root};Parent=${SPANS.clientSpanId};Sampled=1;Self=1-67891234-12456789abcdef012345678;Custom=7`,
    ]);
    expect(valuesOf(left, "traceparent")).toEqual([`${OURS}-01`]);
  });

  it("from Cloud Run, whose two fields agree, leaves with two that agree", () => {
    const lines = ["traceparent", PARENT_LINE, "x-cloud-trace-context", `${TRACE}/67667974448284343;o=1`];
    const { verdict, left } = pass(lines, { extract: EVERY }, SPANS);
    expect(verdict.links).toBeUndefined();
    expect(valuesOf(left, "x-cloud-trace-context")).toEqual([`${TRACE}/${BigInt(`0x${SPANS.clientSpanId}`)};o=1`]);
  });

  it("whose gateway wrote '-' for a grandparent goes on in B3", () => {
    const lines = ["X-B3-TraceId", TRACE, "X-B3-SpanId", PARENT, "X-B3-ParentSpanId", "-", "X-B3-Sampled", "1"];
    const { left } = pass(lines, { extract: EVERY }, SPANS);
    expect(valuesOf(left, "x-b3-parentspanid")).toEqual([]);
    expect(valuesOf(left, "x-b3-spanid")).toEqual([SPANS.clientSpanId]);
  });

  it("over gRPC with an empty binary context is no valid one, and no worse", () => {
    expect(leaves(["grpc-trace-bin", ""], { extract: EVERY })).toEqual([
      `00-${SPANS.traceId}-${SPANS.clientSpanId}-03`,
    ]);
    expect(leaves(["grpc-trace-bin", "", "traceparent", PARENT_LINE], { extract: EVERY })).toEqual([`${OURS}-01`]);
  });

  it("whose parent cannot be exported leaves with the parent it came with", () => {
    const lines = ["traceparent", PARENT_LINE];
    expect(pass(lines).left).toBe(lines);
  });

  it("that ends with a hyphen and no flags begins a new trace", () => {
    const lines = ["traceparent", `00-${TRACE}-${PARENT}-`];
    expect(pass(lines, {}, SPANS).reading).toMatchObject({ defects: [{ code: "traceparent-truncated" }] });
    expect(leaves(lines)).toEqual([`00-${SPANS.traceId}-${SPANS.clientSpanId}-03`]);
  });

  it("from a stranger neither forces nor forbids sampling where strangers are restarted", () => {
    for (const flags of ["00", "01"]) {
      const { verdict, left } = pass(["traceparent", `00-${TRACE}-${PARENT}-${flags}`], { trust: "restart" }, SPANS);
      expect([verdict.reason, valuesOf(left, "traceparent")]).toEqual([
        "untrusted",
        [`00-${SPANS.traceId}-${SPANS.clientSpanId}-03`],
      ]);
    }
  });

  it("in upper case restarts strictly and goes on by the repair", () => {
    const lines = ["traceparent", PARENT_LINE.toUpperCase()];
    expect(leaves(lines)).toEqual([`00-${SPANS.traceId}-${SPANS.clientSpanId}-03`]);
    expect(leaves(lines, { repairs: { case: "on" } })).toEqual([`${OURS}-01`]);
  });

  it("with every format at once, each of another trace, leaves with one trace", () => {
    const others = `b3=${SPANS.traceId}-${OTHER_PARENT}-1 uber-trace-id=abc:def:0:1 sentry-trace=${"9".repeat(32)}-${PARENT}-1`;
    const datadog = "x-datadog-trace-id=7 x-datadog-parent-id=8";
    const lines = `traceparent=${PARENT_LINE} ${others} ${datadog}`.split(" ").flatMap((line) => line.split("="));
    const { verdict, left } = pass(lines, { extract: ["w3c", ...EVERY.filter((name) => name !== "w3c")] }, SPANS);
    expect(verdict.links?.length).toBe(4);
    expect(valuesOf(left, "b3")).toEqual([`${TRACE}-${SPANS.clientSpanId}-1`]);
    expect(valuesOf(left, "sentry-trace")).toEqual([`${TRACE}-${SPANS.clientSpanId}-1`]);
    expect(valuesOf(left, "uber-trace-id")).toEqual([`${TRACE}:${SPANS.clientSpanId}:0:1`]);
    expect(valuesOf(left, "x-datadog-tags")).toEqual([`_dd.p.tid=${TRACE.slice(0, 16)}`]);
  });
});
