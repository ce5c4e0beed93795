import { encodeSpans } from "@tracemend/otlp";
import type { SpanRecord } from "@tracemend/otlp";
import { describe, expect, it } from "vitest";
import type { InstrumentationRule } from "../src/index.ts";
import { isSupported } from "../src/runtime-support.ts";
import { createWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const rule = (world: World, id: InstrumentationRule, service = "shop") =>
  world.diagnosis.report().instrumentation.find((state) => state.rule === id && state.service === service);

function exportAs(world: World, resource: Record<string, string>, span: Partial<SpanRecord> = {}): void {
  const ids = { traceId: world.id(32), spanId: world.id(16), name: "GET", kind: "server" as const, attributes: {} };
  const times = { startMs: world.clock.ms - 10, endMs: world.clock.ms };
  world.diagnosis.spans(encodeSpans(resource, { name: "test", version: "1" }, [{ ...ids, ...times, ...span }]));
}

describe("instrumentation", () => {
  it("has at most ten internal spans of a service in a trace (SPA-001), and twenty short ones (SPA-005)", () => {
    const world = createWorld();
    for (const count of [10, 11, 25]) {
      const traceId = world.id(32);
      const parentSpanId = world.id(16);
      const times = { startMs: world.clock.ms - 1, endMs: world.clock.ms };
      for (let at = 0; at < count; at += 1) world.span({ traceId, parentSpanId, kind: "internal", ...times });
    }
    expect(rule(world, "SPA-001")).toMatchObject({ checked: 3, failed: 2, impact: "normal" });
    expect(rule(world, "SPA-005")).toMatchObject({ checked: 3, failed: 1, impact: "important" });
  });

  it("exports every parent (SPA-002)", () => {
    const world = createWorld();
    const root = world.span({});
    for (let at = 0; at < 3; at += 1)
      world.span({ traceId: root.traceId, parentSpanId: root.spanId, kind: "internal" });
    world.span({ parentSpanId: world.id(16), kind: "internal" });
    expect(rule(world, "SPA-002")).toBeUndefined();
    world.wait(61_000);
    expect(rule(world, "SPA-002")).toMatchObject({ checked: 4, failed: 1 });
  });

  it("begins no trace with a CLIENT span (SPA-004), but in browsers", () => {
    const world = createWorld();
    world.span({});
    world.span({ kind: "client" });
    exportAs(world, { "service.name": "web", "telemetry.sdk.language": "webjs" }, { kind: "client" });
    expect(rule(world, "SPA-004")).toMatchObject({ checked: 2, failed: 1 });
    expect(rule(world, "SPA-004", "web")).toBeUndefined();
  });

  it("names its service (RES-005)", () => {
    const world = createWorld();
    world.span({});
    exportAs(world, {});
    exportAs(world, { "service.name": "" });
    expect(rule(world, "RES-005")).toMatchObject({ checked: 1, failed: 0, impact: "critical" });
    expect(rule(world, "RES-005", "")).toMatchObject({ checked: 2, failed: 2 });
    expect(world.diagnosis.report().ledger.unnamedSpans).toBe(2);
  });

  it("runs on what its SDK supports (SDK-001)", () => {
    const world = createWorld();
    const node = { "service.name": "shop", "telemetry.sdk.language": "nodejs", "telemetry.sdk.version": "2.1.0" };
    for (const [at, version] of ["16.20.2", "22.19.0", "18.19.0"].entries()) {
      exportAs(world, { ...node, "service.instance.id": `i-${at}`, "process.runtime.version": version });
    }
    exportAs(world, { "service.name": "shop", "service.instance.id": "i-9" });
    expect(rule(world, "SDK-001")).toMatchObject({ checked: 3, failed: 1, impact: "low" });
  });
});

describe("the runtime of an SDK", () => {
  it.each([
    ["nodejs", "2.0.1", "v18.18.0", false],
    ["nodejs", "1.30.0", "16.0.0", true],
    ["java", "1.50.0", "1.8.0_392", true],
    ["java", "1.50.0", "17.0.2", true],
    ["python", "1.38.0", "3.7.4", false],
    ["python", "1.38.0", "3.12", true],
    ["go", "1.30.0", "go1.22", undefined],
    ["nodejs", "3.0.0", "30.0.0", undefined],
    ["nodejs", "2.0.0", "", undefined],
  ])("%s %s on %s", (language, sdk, runtime, supported) => {
    expect(isSupported(language, sdk, runtime)).toBe(supported);
  });
});
