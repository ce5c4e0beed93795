import { describe, expect, it } from "vitest";
import { createWorld } from "../support/world.ts";

describe("a hop that strips traceparent", () => {
  it("is found by a request id that is open at the border of another cluster, without any carrier", () => {
    const world = createWorld();
    for (let at = 0; at < 10; at += 1) {
      const requestId = `r-${at}`;
      world.wait(1_000);
      const lines: string[] = [];
      const inner = world.forward({ boundary: "us-in", cluster: "us-1", requestId, lines, durationMs: 20 });
      const outer = world.forward({
        boundary: "eu-out",
        cluster: "eu-1",
        upstream: "us-edge",
        side: "egress",
        requestId,
        durationMs: 60,
        endMs: world.clock.ms + 10,
      });
      expect(inner.verdict.context?.traceId).not.toBe(outer.verdict.context?.traceId);
      world.answer(inner);
    }
    world.pass();
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      kind: "stripped-before-us",
      edge: { from: "eu-1", to: "us-in", hop: "the hop between the border of cluster eu-1 and us-in (cluster us-1)" },
      count: 10,
      confidence: 0.99,
      traffic: "open",
    });
    expect(found?.examples[0]?.otherTraceId).toBeDefined();
  });

  it("is not concluded from a request id that two requests share", () => {
    const world = createWorld();
    const requestId = "fixed";
    world.forward({ boundary: "us-in", requestId, lines: [], durationMs: 20 });
    world.forward({ boundary: "eu-out", cluster: "eu-1", requestId, durationMs: 60 });
    world.forward({ boundary: "eu-out", cluster: "eu-1", requestId, durationMs: 60 });
    world.pass();
    expect(world.diagnosis.report().breaks).toEqual([]);
  });
});
