import { describe, expect, it } from "vitest";
import type { Crossing } from "@tracemend/context";
import { createWorld } from "../support/world.ts";
import type { ForwardOptions, World } from "../support/world.ts";

function run(answer: (world: World, crossing: Crossing, at: number) => void, options: ForwardOptions = {}): World {
  const world = createWorld();
  for (let at = 0; at < 10; at += 1) {
    answer(world, world.forward({ requestId: `r-${at}`, localPort: 50_000 + at, ...options }), at);
    world.wait(100);
  }
  world.pass();
  return world;
}

const traceOf = (crossing: Crossing) => crossing.verdict.context?.traceId ?? "";
const requestAttributes = (at: number, port: number) => ({ "guid:x-request-id": `r-${at}`, "network.peer.port": port });

describe("behind us", () => {
  it("a child below a parent of its own that nobody exports is a ghost hop", () => {
    const world = run((it, crossing) => void it.answer(crossing, { parentSpanId: it.id(16) }));
    expect(world.diagnosis.report().breaks).toMatchObject([
      { kind: "ghost-hop", edge: { to: "shop", hop: "the hop between edge and service shop" }, count: 10, of: 10 },
    ]);
  });

  it("a child below an intermediate hop that exports its spans is none", () => {
    const world = run((it, crossing) => {
      const sidecar = it.answer(crossing, { service: "sidecar" });
      it.answer(crossing, { parentSpanId: sidecar.spanId });
    });
    expect(world.diagnosis.report().breaks).toEqual([]);
  });

  it("a parent that a slow service may still export is no ghost's", () => {
    const world = createWorld();
    world.span({ service: "sidecar", startMs: world.clock.ms - 25_000, endMs: world.clock.ms - 20_000 });
    const parents = Array.from({ length: 10 }, () => {
      const crossing = world.forward();
      const spanId = world.id(16);
      world.answer(crossing, { parentSpanId: spanId });
      return { crossing, spanId };
    });
    world.pass();
    expect(world.diagnosis.report()).toMatchObject({ breaks: [], ledger: { waiting: 10 } });
    for (const { crossing, spanId } of parents) world.answer(crossing, { service: "sidecar", spanId });
    world.pass("shop", 62_000);
    expect(world.diagnosis.report()).toMatchObject({ breaks: [], ledger: { matched: 10 } });
  });

  it.each(["before", "after"])(
    "spans of a border that stands behind another one break nothing (%s crossings)",
    (order) => {
      const world = createWorld();
      for (let at = 0; at < 10; at += 1) {
        const lines = ["traceparent", `00-${world.id(32)}-${world.id(16)}-01`];
        const outer = world.crossing({ boundary: "eu-out", cluster: "eu-1", side: "egress", upstream: "us-in", lines });
        // A hop in between stripped the context: the border behind it begins a trace, and exports under the same name.
        for (const crossing of [outer, world.crossing({ boundary: "us-in", lines: [] })]) {
          const { traceId = "", serverSpanId = "", clientSpanId = "" } = crossing.spans ?? {};
          const trace = crossing.verdict.context?.traceId ?? traceId;
          const own = { service: "us-in", traceId: trace, startMs: crossing.startMs, endMs: crossing.endMs };
          const tell = () => {
            const { from } = crossing.verdict;
            world.span({
              ...own,
              spanId: serverSpanId,
              ...(from === undefined ? {} : { parentSpanId: from.parentId }),
            });
            const attributes = { "server.address": crossing.upstream?.name ?? "" };
            world.span({ ...own, spanId: clientSpanId, parentSpanId: serverSpanId, kind: "client", attributes });
          };
          if (order === "before") tell();
          world.diagnosis.crossed(crossing);
          if (order === "after") tell();
          if (crossing !== outer) world.answer(crossing);
        }
        world.wait(100);
      }
      world.pass("us-in", 62_000);
      const { breaks, edges } = world.diagnosis.report();
      expect(breaks.filter(({ kind }) => kind === "ghost-hop" || kind === "export-loss")).toEqual([]);
      expect(edges.filter(({ cluster, forwarded }) => cluster === "" && forwarded > 0)).toEqual([]);
    },
  );

  it("a child answers, of several requests with one parent, the one that its service is known for", () => {
    const world = createWorld();
    for (const upstream of ["shop", "cart"])
      world.answer(world.forward({ upstream, grant: false }), { service: upstream });
    const lines = ["traceparent", `00-${world.id(32)}-${world.id(16)}-00`];
    for (let at = 0; at < 10; at += 1) {
      world.forward({ upstream: "cart", lines });
      world.answer(world.forward({ upstream: "shop", lines }));
    }
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "recorded-unsampled", edge: { to: "shop" } }]);
  });

  it("a child that says its parent is local is lost on export, not misled by a hop", () => {
    const world = run((it, crossing) => void it.answer(crossing, { parentSpanId: it.id(16), flags: 0x101 }));
    world.pass("shop", 62_000);
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "export-loss", count: 10 }]);
  });

  it("a ghost is seen through spans that an exporter delivers twice", () => {
    const world = run((it, crossing) => {
      const child = it.answer(crossing, { parentSpanId: it.id(16) });
      it.span(child);
    });
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "ghost-hop", count: 10 }]);
  });

  it("a ghost of one request is not taken for that of a later one in the trace, which lost its span", () => {
    const world = createWorld();
    for (let at = 0; at < 10; at += 1) {
      const lines = ["traceparent", `00-${world.id(32)}-${world.id(16)}-01`];
      world.answer(world.forward({ lines, boundary: "first" }), { parentSpanId: world.id(16) });
      world.wait(1_000);
      world.forward({ lines, boundary: "second" });
      world.wait(1_000);
    }
    world.pass();
    world.pass("shop", 62_000);
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "ghost-hop", edge: { from: "first" }, count: 10 }]);
  });

  it("several children below one lost parent are a loss on export", () => {
    const world = run((it, crossing) => {
      const parentSpanId = it.id(16);
      it.answer(crossing, { parentSpanId });
      it.answer(crossing, { parentSpanId });
    });
    world.pass("shop", 62_000);
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "export-loss", count: 10 }]);
  });

  it("local spans of the service in the right trace without the one it was entered by are a loss on export", () => {
    const world = run((it, crossing) => {
      it.answer(crossing, { kind: "internal", parentSpanId: it.id(16) });
    });
    world.pass("shop", 62_000);
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "export-loss", count: 10, confidence: 0.9 }]);
  });

  it("local spans say nothing where another caller's request in the same trace was answered", () => {
    const world = run((it, crossing) => {
      const traceId = traceOf(crossing);
      const call = { service: "cart", kind: "client" as const, attributes: { "server.address": "shop" } };
      const { spanId } = it.span({ ...call, traceId, parentSpanId: it.id(16) });
      const { spanId: entry } = it.span({ traceId, parentSpanId: spanId });
      it.span({ traceId, parentSpanId: entry, kind: "internal" });
    });
    world.pass("shop", 62_000);
    expect(world.diagnosis.report().breaks).toEqual([]);
  });

  it("half a trace id is a truncation, as a child and as a root", () => {
    const world = run((it, crossing, at) => {
      const traceId = `${"0".repeat(16)}${traceOf(crossing).slice(16)}`;
      if (at % 2 === 0) it.answer(crossing, { traceId });
      else it.root(crossing, { traceId });
    });
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "truncated-trace-id", count: 10, confidence: 1 }]);
  });

  it("a root with a link to what was forwarded is a restart on purpose", () => {
    const world = run((it, crossing) => {
      it.root(crossing, { links: [{ traceId: traceOf(crossing), spanId: crossing.verdict.context?.parentId ?? "" }] });
    });
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "deliberate-restart", count: 10 }]);
  });

  it("a root with our request id over another connection was torn off before the service", () => {
    const world = run((it, crossing, at) => void it.root(crossing, { attributes: requestAttributes(at, 33_000) }));
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "dropped-before-callee", count: 10 }]);
  });

  it("a root with our request id over our connection was dropped by the service", () => {
    const world = run((it, crossing, at) => void it.root(crossing, { attributes: requestAttributes(at, 50_000 + at) }));
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "dropped-by-callee", count: 10 }]);
  });

  it("the root of a caller that has the request's id too is not taken for the service behind us", () => {
    const world = run(
      (it, crossing, at) => {
        it.span({ service: "front", traceId: traceOf(crossing), attributes: { "guid:x-request-id": `r-${at}` } });
      },
      { upstream: "cart" },
    );
    world.wait(20_000);
    expect(world.diagnosis.report().edges).toMatchObject([{ services: [] }]);
  });

  it("a request that was not sampled and is recorded all the same is a fragment", () => {
    const world = createWorld();
    for (let at = 0; at < 10; at += 1) {
      const crossing = world.forward({ lines: ["traceparent", `00-${world.id(32)}-${world.id(16)}-00`] });
      world.answer(crossing);
    }
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "recorded-unsampled", count: 10, of: 10 }]);
  });

  it("a caller's unsampled span that it calls several services with does not lay one's answer at another's door", () => {
    const world = createWorld();
    world.span({ service: "stock", kind: "internal", parentSpanId: world.id(16) });
    for (let at = 0; at < 10; at += 1) {
      const lines = ["traceparent", `00-${world.id(32)}-${world.id(16)}-00`];
      const crossing = world.forward({ lines, upstream: "stock", boundary: "to-stock", grant: false });
      world.diagnosis.tick();
      world.answer(crossing, { service: "shop" });
      world.forward({ lines, upstream: "shop", boundary: "to-shop", grant: false });
    }
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "recorded-unsampled", edge: { from: "to-shop" } }]);
  });

  it("work that begins long after its request is a context that leaks", () => {
    const crossings: Crossing[] = [];
    const world = run((it, crossing) => {
      it.answer(crossing);
      crossings.push(crossing);
    });
    world.wait(30_000);
    for (const crossing of crossings.slice(0, 4)) {
      world.answer(crossing, { startMs: world.clock.ms - 10, endMs: world.clock.ms });
    }
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "context-leak", count: 4 }]);
  });

  it("a service whose work all begins under contexts that are over leaks, and its clock is right", () => {
    const world = createWorld();
    const crossings: Crossing[] = [];
    for (let at = 0; at < 20; at += 1) {
      crossings.push(world.forward());
      const over = crossings[at - 8];
      if (over !== undefined) world.answer(over, { startMs: world.clock.ms - 15, endMs: world.clock.ms - 1 });
      world.wait(1_000);
    }
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "context-leak", count: 12 }]);
  });

  it("what begins under a context that is over teaches nothing of when answers begin", () => {
    const world = createWorld();
    const crossings: Crossing[] = [];
    for (let at = 0; at < 60; at += 1) {
      const crossing = world.forward();
      if (at < 50) crossings.push(crossing);
      if (at < 50) world.answer(crossing);
      world.wait(1_000);
    }
    for (const crossing of crossings.slice(40)) {
      world.answer(crossing, { startMs: world.clock.ms - 10, endMs: world.clock.ms });
    }
    world.span({ startMs: world.clock.ms - 2, endMs: world.clock.ms });
    world.pass("shop", 75_000);
    expect(world.diagnosis.report().breaks.map(({ kind }) => kind)).toEqual(["context-leak"]);
  });

  it("a clock that is far ahead leaks nothing", () => {
    const world = run((it, crossing) => {
      it.answer(crossing, { startMs: crossing.startMs + 30_001, endMs: crossing.endMs + 29_999 });
    });
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "clock-skew", count: 10 }]);
  });

  it("answers that begin before their request show a clock that is behind, and by how much", () => {
    const world = run((it, crossing) => {
      it.answer(crossing, { startMs: crossing.startMs - 40, endMs: crossing.endMs - 42 });
    });
    const [found] = world.diagnosis.report().breaks;
    expect(found).toMatchObject({ kind: "clock-skew", count: 10 });
    expect(found?.evidence[0]).toContain("by 40 ms on average: the clock is behind");
  });

  it("answers that begin as late as they outlive their request show a clock that is ahead", () => {
    const world = run((it, crossing) => {
      it.answer(crossing, { startMs: crossing.startMs + 9, endMs: crossing.endMs + 7 });
    });
    const [found] = world.diagnosis.report().breaks;
    expect(found).toMatchObject({ kind: "clock-skew", count: 10 });
    expect(found?.evidence[0]).toContain("by 7 ms on average: the clock is ahead");
  });

  it("answers that outlive their request show no clock at all", () => {
    const world = run((it, crossing) => void it.answer(crossing, { endMs: crossing.endMs + 400 }));
    expect(world.diagnosis.report().breaks).toEqual([]);
  });
});
