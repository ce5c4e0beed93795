import { encodeSpans } from "@tracemend/otlp";
import { describe, expect, it } from "vitest";
import { createFacets, scopeText } from "../src/facets.ts";
import { createWorld } from "./support/world.ts";

describe("what broken requests have in common", () => {
  it("is one value where the others are spared", () => {
    const facets = createFacets();
    for (let at = 0; at < 100; at += 1) facets.note("version", at % 4 === 0 ? "2.0" : "1.9", at % 4 === 0);
    const [scope, ...others] = facets.scopes();
    expect(others).toEqual([]);
    expect(scope).toMatchObject({ dimension: "version", all: false, hit: [{ value: "2.0", broken: 25, whole: 0 }] });
    expect(scope && scopeText(scope)).toBe("Only version 2.0 (25 of 25) is hit, and not 1.9 (0 of 75).");
  });

  it("is all of them where all are hit", () => {
    const facets = createFacets();
    for (let at = 0; at < 20; at += 1) facets.note("pod", `shop-${at % 2}`, true);
    const [scope] = facets.scopes();
    expect(scope && scopeText(scope)).toBe("All 2 pods that were seen are hit.");
  });

  it("is nothing where a share of each value is hit, or too little was seen", () => {
    const facets = createFacets();
    for (let at = 0; at < 100; at += 1) facets.note("route", `/r${at % 2}`, at % 3 === 0);
    for (let at = 0; at < 4; at += 1) facets.note("pod", "shop-0", true);
    facets.note("version", "", true);
    expect(facets.scopes()).toEqual([]);
  });

  it("follows what changes", () => {
    const facets = createFacets();
    for (let at = 0; at < 3_000; at += 1) facets.note("version", "1", true);
    for (let at = 0; at < 40_000; at += 1) facets.note("version", "1", false);
    for (let at = 0; at < 100; at += 1) facets.note("version", "2", true);
    expect(facets.scopes()).toMatchObject([{ hit: [{ value: "2" }], spared: [{ value: "1" }] }]);
  });

  it("keeps a bounded number of values", () => {
    const facets = createFacets();
    for (let at = 0; at < 1_000; at += 1) for (let time = 0; time < 5; time += 1) facets.note("pod", `p${at}`, true);
    expect(facets.scopes()[0]?.hit).toHaveLength(16);
  });
});

describe("the scope of a break", () => {
  it("tells the route, the version and the pod that it hits", () => {
    const world = createWorld({ maxBytes: 1024 * 1024 });
    for (let at = 0; at < 40; at += 1) {
      const canary = at % 2 === 0;
      const path = canary ? `/cart/items/${4_000 + at}` : "/catalogue";
      const crossing = world.forward({ localPort: 50_000 + at, path });
      const { traceId = "", parentId = "" } = crossing.verdict.context ?? {};
      const resource = {
        "service.name": "shop",
        "service.version": canary ? "2.0" : "1.9",
        "k8s.pod.name": `shop-${at % 2}`,
      };
      const ids = canary ? { traceId: world.id(32) } : { traceId, parentSpanId: parentId };
      const times = { startMs: crossing.startMs + 1, endMs: crossing.endMs - 1 };
      const attributes = { "network.peer.port": 50_000 + at };
      const span = { ...ids, ...times, spanId: world.id(16), name: "GET", kind: "server" as const, attributes };
      world.diagnosis.spans(encodeSpans(resource, { name: "test", version: "1" }, [span]));
      world.wait(200);
    }
    world.wait(2_000);
    const [found] = world.diagnosis.report().breaks;
    expect(found).toMatchObject({ kind: "dropped-by-callee", count: 20, of: 40 });
    expect(found?.scope).toMatchObject([
      { dimension: "route", hit: [{ value: "/cart/items/*" }], spared: [{ value: "/catalogue" }] },
      { dimension: "version", hit: [{ value: "2.0" }], spared: [{ value: "1.9" }] },
      { dimension: "pod", hit: [{ value: "shop-0" }], spared: [{ value: "shop-1" }] },
    ]);
    expect(found?.evidence).toContain("Only version 2.0 (20 of 20) is hit, and not 1.9 (0 of 20).");
  });
});
