import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatCarrier } from "@tracemend/context";
import type { Crossing } from "@tracemend/context";
import { createDiagnosis } from "../src/index.ts";
import type { DiagnosisReport } from "../src/index.ts";
import { START_MS, createWorld } from "./support/world.ts";

/** Skewed clocks are told of, but break nothing. */
const brokenKinds = (report: DiagnosisReport) =>
  report.breaks.map(({ kind }) => kind).filter((kind) => kind !== "clock-skew");

function conserved({ ledger }: DiagnosisReport): boolean {
  const { observed, matched, missing, waiting, unobserved, evicted } = ledger;
  return observed === matched + missing + waiting + unobserved + evicted;
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

  it("expects nothing where the request failed or was not sampled", () => {
    const world = createWorld();
    world.answer(world.forward());
    world.forward({ failed: true });
    world.forward({ lines: ["traceparent", `00-${world.id(32)}-${world.id(16)}-00`] });
    world.pass();
    expect(world.diagnosis.report().ledger).toMatchObject({ observed: 1, excused: 2, missing: 0 });
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
    expect(report.edges).toMatchObject([{ verdict: "insufficient-data" }]);
    expect(conserved(report)).toBe(true);
  });

  it("names the option that is wrong", () => {
    const now = () => START_MS;
    expect(() => createDiagnosis({ now, maxBytes: 1 })).toThrow("maxBytes is 1; it must be at least 65536");
    expect(() => createDiagnosis({ now, hardWaitMs: 0 })).toThrow("hardWaitMs is 0");
    expect(() => createDiagnosis({ now, settleMs: 70_000 })).toThrow("settleMs is 70000");
    expect(() => createDiagnosis({ now, windowMs: 10 })).toThrow("windowMs is 10");
  });
});

/** What became of one request behind the border. */
const fate = fc.constantFrom("answered", "dropped", "lost", "late");

describe("the laws of a diagnosis", () => {
  it("reports the same whatever the order in which crossings and spans arrive", () => {
    fc.assert(
      fc.property(fc.array(fate, { minLength: 1, maxLength: 12 }), fc.infiniteStream(fc.nat()), (fates, picks) => {
        const run = (shuffle: (events: (() => void)[]) => (() => void)[]) => {
          const world = createWorld();
          const events = fates.flatMap((what, at) => {
            const crossing = world.crossing({ localPort: 50_000 + at });
            const root = world.id(16);
            const other = world.id(32);
            const tell = () => world.diagnosis.crossed(crossing);
            if (what === "lost") return [tell];
            const attributes = { "network.peer.port": 50_000 + at };
            if (what === "dropped") {
              return [tell, () => void world.root(crossing, { attributes, traceId: other, spanId: root })];
            }
            return [tell, () => void world.answer(crossing, { spanId: root })];
          });
          for (const event of shuffle(events)) event();
          world.pass();
          return world.diagnosis.report();
        };
        const order = [...picks.take(24)];
        const shuffled = run((events) =>
          events
            .map((event, at) => ({ event, key: order[at] as number }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ event }) => event),
        );
        const straight = run((events) => events);
        expect(shuffled.ledger).toEqual(straight.ledger);
        expect(shuffled.edges).toEqual(straight.edges);
        expect(shuffled.breaks.map(({ kind, count, of }) => ({ kind, count, of }))).toEqual(
          straight.breaks.map(({ kind, count, of }) => ({ kind, count, of })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("never alarms on an intact stream, however late and skewed its spans are", () => {
    const request = fc.record({ lateMs: fc.nat({ max: 30_000 }), gapMs: fc.nat({ max: 2_000 }) });
    const skew = fc.integer({ min: -2_000, max: 2_000 });
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 40 }), skew, (requests, skewMs) => {
        const world = createWorld();
        let due: { atMs: number; crossing: Crossing }[] = [];
        const deliver = (untilMs: number) => {
          for (const { atMs, crossing } of due.toSorted((a, b) => a.atMs - b.atMs)) {
            if (atMs > untilMs) continue;
            world.wait(Math.max(0, atMs - world.clock.ms));
            world.answer(crossing, { startMs: crossing.startMs + skewMs, endMs: crossing.endMs + skewMs });
            expect(brokenKinds(world.diagnosis.report())).toEqual([]);
          }
          due = due.filter(({ atMs }) => atMs > untilMs);
        };
        for (const { lateMs, gapMs } of requests) {
          due.push({ atMs: world.clock.ms + 1 + lateMs, crossing: world.forward() });
          deliver(world.clock.ms + gapMs);
        }
        deliver(Infinity);
        world.pass();
        const report = world.diagnosis.report();
        expect(brokenKinds(report)).toEqual([]);
        expect(report.ledger).toMatchObject({ matched: requests.length, missing: 0 });
      }),
      { numRuns: 30 },
    );
  });

  it("conserves requests: observed = matched + missing + waiting + unobserved + evicted", () => {
    const step = fc.record({ fate, requests: fc.integer({ min: 1, max: 40 }), waitMs: fc.nat({ max: 20_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const world = createWorld({ maxBytes: 64 * 1024 });
        let observed = 0;
        const late: Crossing[] = [];
        for (const { fate: what, requests, waitMs } of steps) {
          for (let at = 0; at < requests; at += 1) {
            const crossing = world.forward();
            observed += 1;
            if (what === "answered") world.answer(crossing);
            if (what === "dropped") world.root(crossing);
            if (what === "late") late.push(crossing);
          }
          world.wait(waitMs);
          expect(conserved(world.diagnosis.report())).toBe(true);
        }
        for (const crossing of late) world.answer(crossing);
        const report = world.diagnosis.report();
        expect(conserved(report)).toBe(true);
        expect(report.ledger.observed).toBe(observed);
      }),
      { numRuns: 40 },
    );
  });
});
