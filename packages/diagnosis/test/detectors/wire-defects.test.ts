import { formatCarrier } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import { createWorld } from "../support/world.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const VALUE = `00-${TRACE}-00f067aa0ba902b7-01`;

describe("a traceparent that breaks the grammar", () => {
  it.each([
    ["traceparent-upper-case", VALUE.toUpperCase()],
    ["version-tail", `${VALUE}-extra`],
    ["traceparent-truncated", VALUE.slice(0, 40)],
    ["trace-id-zero", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`],
  ])("is malformed by its sender: %s", (code, value) => {
    const world = createWorld();
    world.forward({ lines: ["traceparent", value] });
    world.forward();
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: "malformed-traceparent", count: 1, of: 2, traffic: "open" });
    expect(found?.evidence[1]).toContain(code);
    expect(found?.remedy.snippet).toContain("propagation.inject");
  });

  it("is the hop's doing where the border before it wrote a sound one, as its carrier shows", () => {
    const world = createWorld();
    const context = { traceId: TRACE, parentId: world.id(16), flags: 1, tracestate: "" };
    const carrier = formatCarrier({ context, cluster: "eu-1", original: undefined }) as string;
    const lines = ["traceparent", VALUE.slice(0, 40), "x-tracemend-context", carrier];
    world.forward({ boundary: "us-in", lines, policy: { carrier: { read: true } } });
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    const hop = "the hop between the border of cluster eu-1 and us-in (cluster us-1)";
    expect(found).toMatchObject({ kind: "malformed-traceparent", edge: { from: "eu-1", hop } });
    expect(found?.explanation).toContain(`${hop} spoils it`);
    expect(found?.remedy.text).toContain(hop);
    expect(found?.remedy.text).not.toContain("SDK");
  });
});

describe("more than one traceparent", () => {
  it("is repaired where the values agree and open where they do not", () => {
    const world = createWorld();
    world.forward({ lines: ["traceparent", VALUE, "traceparent", VALUE] });
    expect(world.diagnosis.report().breaks).toMatchObject([
      { kind: "duplicate-traceparent", traffic: "repaired", repaired: 1 },
    ]);
    world.forward({ lines: ["traceparent", VALUE, "traceparent", VALUE.replace("4bf9", "4bf8")] });
    expect(world.diagnosis.report().breaks).toMatchObject([
      { kind: "duplicate-traceparent", count: 2, traffic: "open", repaired: 1 },
    ]);
  });

  it.each([
    ["joined in one line", "duplicate-identical", `${VALUE}, ${VALUE}`],
    ["of one trace with two parents", "duplicate-same-trace", `${VALUE}, ${VALUE.replace("00f0", "00f1")}`],
  ])("is found %s", (_how, fact, value) => {
    const world = createWorld();
    world.forward({ lines: ["traceparent", value] });
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: "duplicate-traceparent", count: 1, confidence: 0.99 });
    expect(found?.evidence[1]).toContain(fact === "duplicate-identical" ? "with one value" : "in one trace");
  });
});
