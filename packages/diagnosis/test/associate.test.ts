import { describe, expect, it } from "vitest";
import { createNoise } from "../../../test/support/noise.ts";
import { createTornWorld } from "./support/torn-world.ts";
import type { World } from "./support/world.ts";
import { createWorld } from "./support/world.ts";

describe("pairing by time", () => {
  it("names the dropping service by times alone, and pairs are right", () => {
    const pairs = new Map<string, string>();
    let wrong = 0;
    let decided = 0;
    const world = createWorld({
      maxBytes: 4 * 1024 * 1024,
      repair: "on",
      decided: (decision) => {
        if (decision.action !== "add-link") return;
        decided += 1;
        if (pairs.get(decision.span.spanId) !== decision.to.spanId) wrong += 1;
      },
    });
    const noise = createNoise(7);
    for (let second = 0; second < 120; second += 1) {
      for (let at = 0; at < 10; at += 1) {
        const durationMs = 20 + 60 * noise();
        const endMs = world.clock.ms + 1_000 * noise();
        const crossing = world.forward({ durationMs, endMs });
        const startMs = crossing.startMs + 1 + 0.5 * noise();
        const span = { startMs, endMs: crossing.endMs - 1 - 0.5 * noise() };
        if (noise() < 0.5) world.answer(crossing, span);
        else pairs.set(crossing.verdict.context?.parentId ?? "", world.root(crossing, span).spanId);
      }
      world.wait(1_000);
    }
    world.pass();
    world.pass("shop", 62_000);
    const [found] = world.diagnosis.report().breaks;
    expect(found).toMatchObject({ kind: "dropped-by-callee" });
    expect(found?.count).toBeGreaterThan(pairs.size * 0.9);
    expect(found?.count).toBeLessThanOrEqual(pairs.size);
    expect(found?.confidence).toBeGreaterThan(0.9);
    expect(decided).toBeGreaterThan(pairs.size * 0.7);
    expect(wrong).toBeLessThanOrEqual(decided * 0.01);
  });

  it("names a service that drops one call in ten, where calls are made side by side and answered early", () => {
    const world = createWorld({ maxBytes: 4 * 1024 * 1024 });
    const noise = createNoise(13);
    let broken = 0;
    for (let burst = 0; burst < 25; burst += 1) {
      for (let at = 0; at < 8; at += 1) {
        const crossing = world.forward({ durationMs: 100, endMs: world.clock.ms + 100 + 60 * noise() });
        const startMs = crossing.startMs + 2 + 2 * noise();
        const span = { startMs, endMs: startMs + 1 + noise() };
        if (noise() > 0.1) world.answer(crossing, span);
        else {
          broken += 1;
          world.root(crossing, span);
        }
        // Others call the service too.
        if (noise() < 0.05) world.span({ startMs: world.clock.ms + 1_000 * noise() });
      }
      world.wait(500);
    }
    world.pass();
    world.pass("shop", 62_000);
    const [found] = world.diagnosis.report().breaks;
    expect(found).toMatchObject({ kind: "dropped-by-callee" });
    expect(found?.count).toBeGreaterThan(broken * 0.6);
    expect(found?.count).toBeLessThanOrEqual(broken);
  });

  it("is as sure of its pairs however many roots with other paths its service has", () => {
    const told = (others: number): number => {
      let pairs = 0;
      const world = createWorld({ maxBytes: 4 * 1024 * 1024, paired: () => (pairs += 1) });
      const noise = createNoise(17);
      const elsewhere = createNoise(19);
      for (let second = 0; second < 90; second += 1) {
        for (let at = 0; at < 10; at += 1) {
          const crossing = world.forward({ durationMs: 40, endMs: world.clock.ms + 1_000 * noise() });
          const startMs = crossing.startMs + 1 + 12 * noise();
          const span = { startMs, endMs: startMs + 10 + noise(), attributes: { "url.path": "/cart" } };
          if (second < 60) world.answer(crossing, span);
          else if (noise() < 0.8) world.root(crossing, span);
        }
        for (let at = 0; at < others; at += 1) {
          const startMs = world.clock.ms + 1_000 * elsewhere();
          world.span({ startMs, endMs: startMs + 10, attributes: { "url.path": "/checkout" } });
        }
        world.wait(1_000);
      }
      world.pass();
      world.pass("shop", 62_000);
      return pairs;
    };
    const alone = told(0);
    expect(alone).toBeGreaterThan(100);
    expect(told(50)).toBeGreaterThan(0.95 * alone);
  });

  it("tells pairs apart once 64 are known, and none before", () => {
    const told = (known: number): { readonly right: number; readonly all: number } => {
      const roots = new Map<string, string>();
      let all = 0;
      let right = 0;
      const world = createWorld({
        maxBytes: 4 * 1024 * 1024,
        paired: ({ forwarded, root }) => {
          all += 1;
          if (roots.get(forwarded.spanId) === root.spanId) right += 1;
        },
      });
      const noise = createNoise(29);
      for (let at = 0; at < known + 400; at += 1) {
        // Two requests at almost the same time: none of them is alone with its root.
        for (const endMs of [world.clock.ms, world.clock.ms + 1 + noise()]) {
          const crossing = world.forward({ durationMs: 30, endMs });
          const startMs = crossing.startMs + 3 + 0.2 * noise();
          const span = { startMs, endMs: crossing.endMs - 3 - 0.2 * noise() };
          if (at < known / 2) world.answer(crossing, span);
          else roots.set(crossing.verdict.context?.parentId ?? "", world.root(crossing, span).spanId);
        }
        world.wait(100);
      }
      world.pass();
      world.pass("shop", 62_000);
      return { right, all };
    };
    const { right, all } = told(64);
    expect(all).toBeGreaterThan(400);
    expect(right).toBeGreaterThan(0.97 * all);
    expect(told(50).all).toBe(0);
  });

  it.each([
    ["method", { method: "POST" }, { "http.request.method": "POST", "http.response.status_code": 200 }],
    ["status", { status: 404 }, { "http.request.method": "GET", "http.response.status_code": 404 }],
  ])("tells requests apart whose times are the same by their %s", (_, forward, attributes) => {
    const world = createTornWorld({ maxBytes: 4 * 1024 * 1024 });
    const noise = createNoise(37);
    const usual = { "http.request.method": "GET", "http.response.status_code": 200 };
    for (let at = 0; at < 500; at += 1) {
      const both = [
        { forward: {}, attributes: usual },
        { forward, attributes },
      ];
      for (const each of both) {
        const crossing = world.forward({ ...each.forward, durationMs: 30 });
        const startMs = crossing.startMs + 3 + 0.2 * noise();
        const span = { startMs, endMs: crossing.endMs - 3 - 0.2 * noise(), attributes: each.attributes };
        if (at < 100) world.answer(crossing, span);
        else world.root(crossing, span);
      }
      world.wait(100);
    }
    world.pass();
    world.pass("shop", 62_000);
    expect(world.pairs.length).toBeGreaterThan(750);
    expect(world.right(world.pairs)).toBe(world.pairs.length);
  });

  it("gives no request the root of one beside it that had left unsampled", () => {
    const world = createTornWorld({ maxBytes: 4 * 1024 * 1024 });
    const noise = createNoise(31);
    for (let at = 0; at < 600; at += 1) {
      // Several begin together: the root of any may be that of each.
      for (const flags of ["01", noise() < 0.5 ? "00" : "01"]) {
        const lines = ["traceparent", `00-${world.id(32)}-${world.id(16)}-${flags}`];
        const crossing = world.forward({ lines, durationMs: 30, endMs: world.clock.ms + 0.2 * noise() });
        const startMs = crossing.startMs + 3 + 0.2 * noise();
        const span = { startMs, endMs: crossing.endMs - 3 - 0.2 * noise() };
        if (at < 100) {
          if (flags === "01") world.answer(crossing, span);
        } else if (noise() < 0.7) world.root(crossing, span);
      }
      world.wait(100);
    }
    world.pass();
    world.pass("shop", 62_000);
    const { pairs } = world;
    expect(pairs.length).toBeGreaterThan(100);
    expect(world.right(pairs)).toBeGreaterThan(0.97 * pairs.length);
  });

  /** Requests of 0.8 ms, a thousand in each of so many seconds, of which the first ones are answered. */
  function busySeconds(world: World, seconds: number): void {
    const noise = createNoise(23);
    for (let second = 0; second < seconds; second += 1) {
      for (let at = 0; at < 1_000; at += 1) {
        const crossing = world.forward({ durationMs: 0.8, endMs: world.clock.ms + at });
        const startMs = crossing.startMs + 0.1 + 0.1 * noise();
        const span = { startMs, endMs: startMs + 0.5 };
        if (second === 0) world.answer(crossing, span);
        else world.root(crossing, span);
      }
      world.wait(1_000);
    }
  }

  it("compares so many requests a second and no more, however often it is asked, and finds the break by these", () => {
    const told = new Map<number, number>();
    const world: World = createWorld({
      maxBytes: 16 * 1024 * 1024,
      paired: () => told.set(world.clock.ms, (told.get(world.clock.ms) ?? 0) + 1),
    });
    busySeconds(world, 10);
    for (let second = 0; second < 80; second += 1) {
      world.pass("shop", 1_000);
      world.diagnosis.report();
    }
    const all = [...told.values()].reduce((sum, each) => sum + each, 0);
    expect(Math.max(...told.values())).toBeLessThanOrEqual(512);
    // Nine thousand come due in nine seconds, and 2 048 may wait.
    expect(all).toBeGreaterThan(5_500);
    expect(all).toBeLessThanOrEqual(10 * 512 + 2_048);
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "dropped-by-callee" }]);
  });

  it("compares what came in a rush over the seconds after it", () => {
    let told = 0;
    const world = createWorld({ maxBytes: 16 * 1024 * 1024, paired: () => (told += 1) });
    busySeconds(world, 3);
    world.pass("shop", 1_000);
    world.wait(70_000);
    expect(told).toBeGreaterThan(1_950);
  });

  it("does not blame a service whose orphans come from others", () => {
    const world = createWorld({ maxBytes: 4 * 1024 * 1024 });
    const noise = createNoise(11);
    for (let second = 0; second < 60; second += 1) {
      for (let at = 0; at < 10; at += 1) {
        const crossing = world.forward({ endMs: world.clock.ms + 1_000 * noise() });
        // A route that is not instrumented: nothing is ever exported for it.
        if (at !== 0) world.answer(crossing);
        const startMs = world.clock.ms + 1_000 * noise();
        world.span({ startMs, endMs: startMs + 15 });
      }
      world.wait(1_000);
    }
    world.pass();
    world.pass("shop", 62_000);
    const report = world.diagnosis.report();
    expect(report.breaks).toEqual([]);
    expect(report.edges).toMatchObject([{ verdict: "unexplained", missing: 60 }]);
  });

  it("takes what fits answered requests as often for chance, however the orphans follow the load", () => {
    const world = createWorld({ maxBytes: 4 * 1024 * 1024 });
    const noise = createNoise(5);
    for (let second = 0; second < 60; second += 1) {
      // In bursts: seconds without any request lie where a request that is moved by some seconds looks.
      for (let at = 0; at < (second % 7 === 0 ? 20 : 0); at += 1) {
        const crossing = world.forward({ durationMs: 800, endMs: world.clock.ms + 900 + 100 * noise() });
        if (noise() > 0.1) world.answer(crossing);
        if (noise() < 0.2) world.span({ startMs: world.clock.ms + 500 + 100 * noise(), endMs: world.clock.ms + 620 });
      }
      world.wait(1_000);
    }
    world.pass();
    world.pass("shop", 62_000);
    expect(world.diagnosis.report().breaks).toEqual([]);
  });

  it("takes a root for that of one request, however many are open around it", () => {
    const world = createWorld({ maxBytes: 4 * 1024 * 1024 });
    for (let at = 0; at < 40; at += 1) {
      world.wait(500);
      world.answer(world.forward());
    }
    // A page that polls: its route is not instrumented.
    for (const pauseMs of [1_000, 30_000]) {
      world.wait(pauseMs);
      for (let at = 0; at < 20; at += 1) world.forward({ durationMs: 900 + at, endMs: world.clock.ms + at });
      world.span({ startMs: world.clock.ms - 500, endMs: world.clock.ms - 480 });
    }
    world.pass();
    world.pass("shop", 75_000);
    const report = world.diagnosis.report();
    expect(report.breaks).toEqual([]);
    expect(report.edges).toMatchObject([{ verdict: "unexplained", missing: 40 }]);
  });

  it.each([37.6, -41.2, 4.3, -3.1, 2.2, -1.6])(
    "finds a break of short requests by times alone where the clock is %s ms ahead",
    (aheadMs) => {
      const world = createWorld({ maxBytes: 4 * 1024 * 1024 });
      const noise = createNoise(31);
      for (let second = 0; second < 60; second += 1) {
        for (let at = 0; at < 4; at += 1) {
          const crossing = world.forward({ durationMs: 0.9, endMs: world.clock.ms + 1_000 * noise() });
          world.root(crossing, { startMs: crossing.startMs + 0.2 + aheadMs, endMs: crossing.startMs + 0.6 + aheadMs });
        }
        world.wait(1_000);
      }
      world.pass();
      world.pass("shop", 62_000);
      expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "dropped-by-callee" }]);
    },
  );

  it("counts what fits and decides nothing while too few pairs are known", () => {
    const world = createWorld();
    for (let at = 0; at < 20; at += 1) {
      world.root(world.forward());
      world.wait(1_000);
    }
    world.pass();
    world.pass("shop", 62_000);
    const [found] = world.diagnosis.report().breaks;
    expect(found).toMatchObject({ kind: "dropped-by-callee", count: 20, of: 20 });
    expect(found?.confidence).toBeCloseTo(0.7);
    expect(found?.evidence[1]).toContain("Which belongs to which cannot be told");
  });
});
