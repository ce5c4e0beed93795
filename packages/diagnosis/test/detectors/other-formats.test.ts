import { describe, expect, it } from "vitest";
import { createWorld } from "../support/world.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const W3C = ["traceparent", `00-${TRACE}-${PARENT}-01`];
const policy = { extract: ["w3c", "b3"] as const };

describe("two header formats in one request", () => {
  it.each([
    ["other traces", `${"1".repeat(32)}-${PARENT}-1`, "name different traces"],
    ["other parents", `${TRACE}-${"1".repeat(16)}-1`, "name different parents in one trace"],
    ["sampling", `${TRACE}-${PARENT}-0`, "disagree about sampling"],
  ])("that disagree about %s are told", (_about, b3, words) => {
    const world = createWorld();
    world.forward({ lines: [...W3C, "b3", b3], policy });
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: "formats-disagree", count: 1, traffic: "open" });
    expect(found?.evidence[1]).toContain(`${words}: traceparent beside b3.`);
  });

  it("that agree say nothing", () => {
    const world = createWorld();
    world.forward({ lines: [...W3C, "b3", `${TRACE}-${PARENT}-1`], policy });
    expect(world.diagnosis.report().breaks).toEqual([]);
  });

  it("show a hop that strips traceparent alone, by what another border sent", () => {
    const world = createWorld();
    for (let at = 0; at < 5; at += 1) {
      const outer = world.crossing({ boundary: "eu-out", cluster: "eu-1", side: "egress", upstream: "us-edge" });
      const { traceId = "", parentId = "" } = outer.verdict.context ?? {};
      const inner = world.forward({ boundary: "us-in", lines: ["b3", `${traceId}-${parentId}-1`], policy });
      world.diagnosis.crossed(outer);
      world.answer(inner);
      world.answer(outer, { service: "us-edge", spanId: inner.spans?.serverSpanId ?? "" });
    }
    world.pass();
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: "stripped-before-us", edge: { from: "eu-1", to: "us-in" }, count: 5 });
    expect(found?.evidence[1]).toContain("as another header format tells");
  });
});

describe("a tracestate that breaks the rules", () => {
  it.each([
    ["tracestate-member", "rojo"],
    ["tracestate-duplicate-key", "a=1,b=2,a=3"],
    ["tracestate-members", Array.from({ length: 33 }, (_, at) => `k${at}=v`).join(",")],
  ])("is told by its defect: %s", (code, tracestate) => {
    const world = createWorld();
    world.forward({ lines: [...W3C, "tracestate", tracestate] });
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: "tracestate-mangled", count: 1 });
    expect(found?.evidence[1]).toContain(code);
  });
});
