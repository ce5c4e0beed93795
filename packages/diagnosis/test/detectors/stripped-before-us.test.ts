import { formatCarrier } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import type { ForwardOptions } from "../support/world.ts";
import { createWorld } from "../support/world.ts";

const LEAVING: ForwardOptions = { boundary: "eu-out", cluster: "eu-1", side: "egress", upstream: "us-edge" };

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

  it("counts a request once where both a carrier and its request id tell of it", () => {
    const world = createWorld();
    for (let at = 0; at < 10; at += 1) {
      const requestId = `r-${at}`;
      world.wait(1_000);
      const context = { traceId: world.id(32), parentId: world.id(16), flags: 1, tracestate: "" };
      const carrier = formatCarrier({ context, cluster: "eu-1", original: undefined }) as string;
      const lines = ["x-tracemend-context", carrier];
      const policy = { carrier: { read: true } };
      world.answer(world.forward({ boundary: "us-in", requestId, lines, policy, durationMs: 20 }));
      world.forward({ ...LEAVING, requestId, durationMs: 60, endMs: world.clock.ms + 10 });
    }
    world.pass();
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: "stripped-before-us", count: 10 });
  });

  it("is found by requests that arrive nowhere, and lie around others that bring nothing", () => {
    const world = createWorld();
    for (let at = 0; at < 20; at += 1) {
      world.wait(1_000);
      const path = at % 2 === 0 ? "/cart" : "/list";
      world.answer(world.forward({ boundary: "us-in", lines: [], path, durationMs: 20 + at }));
      world.forward({ ...LEAVING, path, durationMs: 24 + at, endMs: world.clock.ms + 2 });
    }
    expect(world.diagnosis.report().breaks).toEqual([]);
    world.pass("shop", 75_000);
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      kind: "stripped-before-us",
      edge: { from: "eu-1", to: "us-in", hop: "the hop between the border of cluster eu-1 and us-in (cluster us-1)" },
      count: 20,
      confidence: 0.8,
    });
    expect(found?.examples[0]?.otherTraceId).toBeDefined();
  });

  it("is not concluded from clients that bring nothing beside requests that are lost elsewhere", () => {
    const world = createWorld();
    for (let at = 0; at < 40; at += 1) {
      world.wait(1_000);
      world.forward({ ...LEAVING, durationMs: 300 });
      world.answer(
        world.forward({ boundary: "us-in", lines: [], durationMs: 20, endMs: world.clock.ms - 37 * (at % 23) }),
      );
    }
    world.pass("shop", 75_000);
    expect(world.diagnosis.report().breaks).toEqual([]);
  });

  it("is not concluded from one client that brings nothing while many requests are open that are lost elsewhere", () => {
    const world = createWorld();
    for (const second of [1, 20]) {
      world.wait(second * 1_000);
      world.answer(world.forward({ boundary: "us-in", lines: [], durationMs: 20 }));
      for (let at = 0; at < 8; at += 1)
        world.forward({ ...LEAVING, durationMs: 24 + at, endMs: world.clock.ms + 2 + at / 2 });
    }
    world.pass("shop", 75_000);
    expect(world.diagnosis.report().breaks).toEqual([]);
  });

  it("is not concluded where the request did arrive", () => {
    const world = createWorld();
    for (let at = 0; at < 20; at += 1) {
      world.wait(1_000);
      const outer = world.forward({ ...LEAVING, durationMs: 24, endMs: world.clock.ms + 2 });
      world.answer(outer, { service: "us-edge" });
      world.answer(world.forward({ boundary: "us-in", lines: [], durationMs: 20 }));
    }
    world.pass("shop", 75_000);
    expect(world.diagnosis.report().breaks).toEqual([]);
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
