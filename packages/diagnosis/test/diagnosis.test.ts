import { describe, expect, it } from "vitest";
import { formatCarrier } from "@tracemend/context";
import type { Crossing } from "@tracemend/context";
import { createNoise } from "../../../test/support/noise.ts";
import type { Pair } from "../src/index.ts";
import { createDiagnosis } from "../src/index.ts";
import { START_MS, createWorld } from "./support/world.ts";

interface OnConnection {
  readonly aheadMs: number;
  /** Milliseconds between the ends of requests, the least and how many more. */
  readonly gapMs: readonly [number, number];
  /** Requests that are answered before the service drops contexts. */
  readonly answers: number;
  /** Spans that wait for others before they are exported. */
  readonly lag: number;
}

/** 200 broken requests one after the other on one connection; the pairs that were told, and those of them that are wrong. */
function joinOnConnection({ aheadMs, gapMs: [least, more], answers, lag }: OnConnection) {
  const noise = createNoise(7);
  const right = new Map<string, string>();
  const told: Pair[] = [];
  const world = createWorld({ maxBytes: 1024 * 1024, paired: (pair) => told.push(pair) });
  const exports: (() => void)[] = [];
  for (let at = 0; at < 200 + answers; at += 1) {
    const crossing = world.forward({ localPort: 50_000, durationMs: 10 + 20 * noise() });
    const times = { startMs: crossing.startMs + 1 + aheadMs, endMs: crossing.endMs - 1 + aheadMs };
    const span = { ...times, attributes: { "network.peer.port": 50_000 } };
    const { parentId = "" } = crossing.verdict.context ?? {};
    exports.push(() =>
      at < answers ? world.answer(crossing, span) : right.set(parentId, world.root(crossing, span).spanId),
    );
    if (lag === 0) exports.shift()?.();
    world.clock.ms += least + more * noise();
    if (exports.length > lag) exports.shift()?.();
  }
  for (const exported of exports) exported();
  world.pass();
  world.pass("shop", 62_000);
  const wrong = told.filter(({ forwarded, root }) => right.get(forwarded.spanId) !== root.spanId);
  return { told, wrong, breaks: world.diagnosis.report().breaks };
}

describe("a diagnosis", () => {
  it("says nothing of requests whose spans arrive", () => {
    const world = createWorld();
    for (let at = 0; at < 20; at += 1) world.answer(world.forward());
    world.pass();
    const report = world.diagnosis.report();
    expect(report.breaks).toEqual([]);
    expect(report.ledger).toMatchObject({ observed: 20, matched: 20, missing: 0, waiting: 0 });
    expect(report.edges).toMatchObject([{ upstream: "shop", services: ["shop"], verdict: "intact", answered: 20 }]);
    expect(report.services).toMatchObject([{ name: "shop", state: "exporting", orphans: 0 }]);
  });

  it.each([1, 31, 32, 33, 100])("counts %d requests without waiting for more", (count) => {
    const world = createWorld();
    for (let at = 0; at < count; at += 1) world.forward();
    expect(world.diagnosis.report().ledger).toMatchObject({ observed: count, waiting: count });
  });

  it("names the service that begins a trace of its own, by our own connection", () => {
    const world = createWorld();
    for (let at = 0; at < 10; at += 1) {
      const crossing = world.forward({ localPort: 50_000 + at });
      world.root(crossing, { attributes: { "network.peer.address": "10.1.0.1", "network.peer.port": 50_000 + at } });
    }
    world.pass();
    const [found, ...others] = world.diagnosis.report().breaks;
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      kind: "dropped-by-callee",
      edge: { from: "edge", to: "shop", hop: "service shop" },
      count: 10,
      of: 10,
      traffic: "open",
      repaired: 0,
    });
    expect(found?.confidence).toBeCloseTo(0.99);
    expect(found?.evidence).toContain(
      "10 of them are the only root span of shop that came over our own connection at that time.",
    );
    expect(found?.remedy).toMatchObject({ language: "ts" });
    expect(found?.examples).toHaveLength(4);
    expect(found?.examples[0]?.otherTraceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it("learns by a shared request id which service stands behind an upstream of another name", () => {
    const world = createWorld();
    for (let at = 0; at < 10; at += 1) {
      const crossing = world.forward({ upstream: "shop.internal:8080", requestId: `r-${at}` });
      world.root(crossing, { attributes: { "guid:x-request-id": `r-${at}` } });
    }
    world.pass();
    const report = world.diagnosis.report();
    expect(report.breaks).toMatchObject([{ kind: "dropped-by-callee", edge: { to: "shop" }, count: 10 }]);
    expect(report.breaks[0]?.confidence).toBeCloseTo(0.999);
    expect(report.edges[0]?.services).toEqual(["shop"]);
  });

  it("learns by several connections in a row which service stands behind an upstream of another name", () => {
    const world = createWorld();
    for (let at = 0; at < 10; at += 1) {
      const crossing = world.forward({ upstream: "shop.internal:8080", localPort: 50_000 + at });
      world.root(crossing, { attributes: { "net.peer.port": 50_000 + at } });
    }
    world.pass();
    const report = world.diagnosis.report();
    expect(report.breaks).toMatchObject([{ kind: "dropped-by-callee", edge: { to: "shop" }, count: 10 }]);
  });

  it("joins each of many requests that follow one another on one connection, more than its order is looked at of", () => {
    const world = createWorld({ maxBytes: 1024 * 1024 });
    for (let at = 0; at < 400; at += 1) {
      const crossing = world.forward({ localPort: 50_000, durationMs: 15 });
      world.root(crossing, { attributes: { "network.peer.port": 50_000 } });
      world.clock.ms += 16;
    }
    world.pass();
    // The first thirty tell that the clocks agree, and are joined after the longest wait.
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "dropped-by-callee", count: 371, of: 371 }]);
    world.pass("shop", 62_000);
    const [found] = world.diagnosis.report().breaks;
    expect(found).toMatchObject({ kind: "dropped-by-callee", count: 400, of: 400 });
    expect(found?.confidence).toBeCloseTo(0.99);
  });

  it.each([45, -38, 3])(
    "joins no request with the root of another on its connection where the clock is %s ms ahead",
    (aheadMs) => {
      const { told, wrong, breaks } = joinOnConnection({ aheadMs, gapMs: [32, 40], answers: 0, lag: 0 });
      expect(wrong).toEqual([]);
      expect(told.length).toBeGreaterThan(150);
      expect(breaks).toMatchObject([{ kind: "dropped-by-callee" }]);
    },
  );

  it.each([
    [300, 60],
    [-300, 60],
    [800, 60],
    [45, 0],
    [0, 0],
  ])(
    "is right by connections far apart in time where the clock is %s ms ahead, after %s answers",
    (aheadMs, answers) => {
      const { told, wrong } = joinOnConnection({ aheadMs, gapMs: [332, 140], answers, lag: 8 });
      expect(wrong).toEqual([]);
      expect(told.filter(({ by }) => by === "connection").length).toBeGreaterThan(165);
    },
  );

  it.each([300, -300])("joins few by connections where nothing tells that the clock is %s ms ahead", (aheadMs) => {
    const { wrong } = joinOnConnection({ aheadMs, gapMs: [332, 140], answers: 0, lag: 8 });
    // Another's root may begin within a request by chance.
    expect(wrong.length).toBeLessThanOrEqual(6);
  });

  it("refuses to join where two requests overlap on one connection", () => {
    const world = createWorld();
    const first = world.forward({ localPort: 50_000 });
    world.forward({ localPort: 50_000 });
    world.root(first, { attributes: { "network.peer.port": 50_000 } });
    world.pass();
    const report = world.diagnosis.report();
    expect(report.ledger.missing).toBe(2);
    expect(report.breaks).toEqual([]);
  });

  it("names the hop that strips traceparent by the carrier that survived, and says that it was repaired", () => {
    const world = createWorld();
    const context = { traceId: world.id(32), parentId: world.id(16), flags: 1, tracestate: "" };
    const carrier = formatCarrier({ context, cluster: "eu-1", original: undefined }) as string;
    const lines = ["x-tracemend-context", carrier];
    world.answer(world.forward({ lines, policy: { repair: "on", carrier: { read: true } } }));
    world.answer(world.forward({ lines, policy: { repair: "report", carrier: { read: true } } }));
    const report = world.diagnosis.report();
    expect(report.breaks).toMatchObject([
      {
        kind: "stripped-before-us",
        edge: { from: "eu-1", to: "edge", hop: "the hop between the border of cluster eu-1 and edge (cluster us-1)" },
        count: 2,
        of: 2,
        confidence: 1,
        traffic: "reported",
        repaired: 1,
      },
    ]);
    expect(report.breaks[0]?.remedy.snippet).toContain("proxy_set_header traceparent $http_traceparent;");
    expect(report.breaks[0]?.evidence[2]).toContain("They reached edge from 10.0.0.9");
  });

  it("shows the configuration of the gateway that is known to stand on the hop", () => {
    const world = createWorld({ gateways: { "10.0.0.9": "haproxy" } });
    world.forward({ lines: ["tracestate", "a=1"] });
    const [found] = world.diagnosis.report().breaks;
    expect(found).toMatchObject({ kind: "stripped-before-us", confidence: 0.95, remedy: { language: "haproxy" } });
  });

  it("stays silent on a request without any context: a trace may begin there", () => {
    const world = createWorld();
    for (let at = 0; at < 20; at += 1) world.answer(world.forward({ lines: [] }));
    world.pass();
    expect(world.diagnosis.report().breaks).toEqual([]);
  });

  it("waits for a late span, and takes back what it had given up", () => {
    const world = createWorld();
    const crossings = Array.from({ length: 20 }, () => world.forward());
    world.pass();
    expect(world.diagnosis.report().ledger).toMatchObject({ missing: 20, matched: 0 });
    for (const crossing of crossings) world.answer(crossing);
    const report = world.diagnosis.report();
    expect(report.ledger).toMatchObject({ missing: 0, matched: 20, late: 20 });
    expect(report.edges).toMatchObject([{ verdict: "intact", missing: 0 }]);
    expect(report.breaks).toEqual([]);
  });

  it("gives nothing up before the service has exported past the request", () => {
    const world = createWorld();
    world.answer(world.forward());
    world.forward();
    world.wait(59_000);
    expect(world.diagnosis.report().ledger).toMatchObject({ waiting: 1, missing: 0 });
    world.wait(2_000);
    expect(world.diagnosis.report().ledger).toMatchObject({ waiting: 0, missing: 0, unobserved: 1 });
  });

  it("does not wait the longest time where the service exports fast", () => {
    const world = createWorld();
    for (let at = 0; at < 200; at += 1) world.answer(world.forward());
    world.forward();
    world.pass("shop", 3_000);
    expect(world.diagnosis.report().ledger).toMatchObject({ waiting: 0, missing: 1 });
  });

  it("raises no alarm for a service that exports nothing", () => {
    const world = createWorld();
    for (let at = 0; at < 20; at += 1) world.forward();
    world.wait(61_000);
    const report = world.diagnosis.report();
    expect(report.breaks).toEqual([]);
    expect(report.edges).toMatchObject([{ verdict: "unobserved", notObserved: 20 }]);
    expect(report.services).toMatchObject([{ name: "shop", state: "unseen" }]);
  });

  it("raises no alarm for probes, links and roots of other callers", () => {
    const world = createWorld();
    for (let at = 0; at < 20; at += 1) {
      world.answer(world.forward());
      world.span({ attributes: { "user_agent.original": "kube-probe/1.33" } });
      world.span({ attributes: { "url.path": "/healthz" } });
      world.span({ links: [{ traceId: world.id(32), spanId: world.id(16) }] });
      world.span({});
    }
    world.pass();
    const report = world.diagnosis.report();
    expect(report.breaks).toEqual([]);
    expect(report.services).toMatchObject([{ orphans: 20, legitimateRoots: 60 }]);
  });

  it("expects nothing where the request failed, was not sampled, is a probe or opened a tunnel", () => {
    const world = createWorld();
    world.answer(world.forward());
    world.forward({ failed: true });
    world.forward({ path: "/healthz" });
    world.diagnosis.crossed({ ...world.crossing({}), method: "CONNECT", path: "" });
    world.forward({ lines: ["traceparent", `00-${world.id(32)}-${world.id(16)}-00`] });
    world.pass();
    expect(world.diagnosis.report().ledger).toMatchObject({ observed: 1, excused: 4, missing: 0 });
  });

  it("does not take our own SERVER span of a trace that began here for an orphan, whichever comes first", () => {
    const world = createWorld();
    const early = world.crossing({ lines: [] });
    const own = (crossing: Crossing) =>
      world.span({ traceId: crossing.spans?.traceId ?? "", spanId: crossing.spans?.serverSpanId ?? "" });
    own(early);
    world.diagnosis.crossed(early);
    own(world.forward({ lines: [] }));
    expect(world.diagnosis.report().services).toMatchObject([{ orphans: 0 }]);
  });

  it("keeps its bytes under heavy load and says what it forgot", () => {
    const world = createWorld({ maxBytes: 64 * 1024 });
    for (let at = 0; at < 2_000; at += 1) world.forward();
    const report = world.diagnosis.report();
    expect(report.ledger.capacityBytes).toBeLessThanOrEqual(64 * 1024);
    expect(report.ledger.bytes).toBeLessThanOrEqual(report.ledger.capacityBytes);
    expect(report.ledger.evicted).toBeGreaterThan(1_500);
    for (let at = 0; at < 500; at += 1) world.span({});
    expect(world.diagnosis.report().ledger.evictedOrphans).toBeGreaterThan(300);
    expect(report.edges).toMatchObject([{ verdict: "insufficient-data" }]);
  });

  it("does not judge an edge whose service had more roots than it can keep until they are compared", () => {
    const verdictWith = (roots: number): unknown => {
      const world = createWorld({ maxBytes: 64 * 1024 });
      for (let at = 0; at < 40; at += 1) world.answer(world.forward());
      for (let at = 0; at < 20; at += 1) world.forward();
      for (let at = 0; at < roots; at += 1) world.span({});
      world.pass();
      world.pass("shop", 62_000);
      return world.diagnosis.report().edges[0]?.verdict;
    };
    expect(verdictWith(0)).toBe("unexplained");
    expect(verdictWith(500)).toBe("insufficient-data");
  });

  it("names the option that is wrong", () => {
    const now = () => START_MS;
    expect(() => createDiagnosis({ now, maxBytes: 1 })).toThrow("maxBytes is 1; it must be at least 65536");
    expect(() => createDiagnosis({ now, hardWaitMs: 0 })).toThrow("hardWaitMs is 0");
    expect(() => createDiagnosis({ now, settleMs: 70_000 })).toThrow("settleMs is 70000");
    expect(() => createDiagnosis({ now, windowMs: 10 })).toThrow("windowMs is 10");
  });
});
