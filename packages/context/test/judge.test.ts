import { describe, expect, it } from "vitest";
import { applyEdits, cross, defineBoundary } from "../src/index.ts";
import type { FieldLines, OwnSpans, PolicyOptions } from "../src/index.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const SPANS: OwnSpans = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  serverSpanId: "b7ad6b7169203331",
  clientSpanId: "00f067aa0ba902b8",
};

function pass(lines: FieldLines, policy: PolicyOptions, spans: OwnSpans | undefined) {
  const boundary = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1", policy });
  const passage = cross(boundary, lines, () => spans);
  return { ...passage, left: applyEdits(lines, passage.verdict.edits) };
}

describe("a boundary", () => {
  it("puts its own exported span in the parent and keeps the trace", () => {
    const { verdict, left } = pass(["Host", "a", "traceparent", `00-${TRACE}-${PARENT}-01`], {}, SPANS);
    expect(verdict).toMatchObject({ action: "preserve", reason: "intact", ownParent: true });
    expect(left).toEqual([
      "Host",
      "a",
      "traceparent",
      `00-${TRACE}-${SPANS.clientSpanId}-01`,
      "tracestate",
      `tm=1.eu-1.01.${verdict.context?.tracestate.split(".")[3]}.${SPANS.clientSpanId}.01`,
    ]);
  });

  it("lets the lines through untouched when no span of its own is accepted for export", () => {
    const lines = ["traceparent", `00-${TRACE}-${PARENT}-01`, "tracestate", "a=1"];
    const { verdict, left } = pass(lines, {}, undefined);
    expect(verdict).toMatchObject({ action: "preserve", reason: "intact", ownParent: false });
    expect(left).toBe(lines);
  });

  it("restores the context that a stripping hop lost, and the caller's own request id", () => {
    const carrier = { field: "x-request-id" };
    const out = pass(
      ["traceparent", `00-${TRACE}-${PARENT}-01`, "X-Request-Id", "abc-1"],
      { carrier: { ...carrier, send: true } },
      SPANS,
    );
    const stripped = out.left.filter((_, at) => out.left[at - (at % 2)] === "X-Request-Id");
    expect(stripped[1]).toMatch(/^tm1\./);
    const back = pass(stripped, { repair: "on", carrier: { ...carrier, read: true } }, undefined);
    expect(back.verdict).toMatchObject({ action: "repair", reason: "carrier-restored" });
    expect(back.left.slice(0, 4)).toEqual([
      "X-Request-Id",
      "abc-1",
      "traceparent",
      `00-${TRACE}-${SPANS.clientSpanId}-01`,
    ]);
    const dry = pass(stripped, { repair: "report", carrier: { ...carrier, read: true } }, SPANS);
    expect(dry.verdict).toMatchObject({ action: "start", reason: "carrier-reported" });
    expect(dry.left.slice(0, 2)).toEqual(["X-Request-Id", "abc-1"]);
  });
});
