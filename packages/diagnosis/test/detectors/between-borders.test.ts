import { describe, expect, it } from "vitest";
import type { Crossing } from "@tracemend/context";
import { formatCarrier, formatOwnMember, formatTraceparent } from "@tracemend/context";
import { createWorld } from "../support/world.ts";
import type { ForwardOptions, World } from "../support/world.ts";

/** What the border of the next cluster gets, where nothing in between changes it. */
function linesOf({ verdict }: Crossing): string[] {
  const { context } = verdict;
  return context === undefined ? [] : ["traceparent", formatTraceparent(context), "tracestate", context.tracestate];
}

const before: ForwardOptions = { boundary: "eu-out", cluster: "eu-1", side: "egress", upstream: "us-edge" };
const after: ForwardOptions = { boundary: "us-in", cluster: "us-1" };

function twoBorders(change: (lines: string[], world: World) => string[]): World {
  const world = createWorld();
  for (let at = 0; at < 5; at += 1) {
    const outer = world.crossing(before);
    const inner = world.forward({ ...after, lines: change(linesOf(outer), world) });
    world.diagnosis.crossed(outer);
    world.answer(inner);
    world.span({
      service: "us-edge",
      traceId: inner.verdict.context?.traceId ?? "",
      parentSpanId: outer.verdict.context?.parentId ?? "",
      startMs: inner.startMs + 1,
      endMs: inner.endMs - 1,
    });
    world.span({
      service: "eu-edge",
      kind: "client",
      traceId: outer.verdict.context?.traceId ?? "",
      spanId: outer.verdict.context?.parentId ?? "",
      parentSpanId: world.id(16),
    });
  }
  world.pass();
  return world;
}

const only = (world: World) => {
  const { breaks } = world.diagnosis.report();
  return breaks.filter(({ edge }) => edge.to === "us-in");
};

describe("between two borders", () => {
  it("nothing is reported where nothing is changed", () => {
    const world = twoBorders((lines) => lines);
    expect(world.diagnosis.report().breaks).toEqual([]);
  });

  it("a new trace beside the old tracestate is a restart on the hop", () => {
    const world = twoBorders((lines, { id }) => ["traceparent", `00-${id(32)}-${id(16)}-01`, ...lines.slice(2)]);
    expect(only(world)).toMatchObject([
      { kind: "restarted-between-borders", edge: { from: "eu-1" }, count: 5, of: 5, confidence: 1, traffic: "open" },
    ]);
  });

  it("a new trace beside the old carrier is a restart too", () => {
    const world = createWorld();
    const context = { traceId: world.id(32), parentId: world.id(16), flags: 1, tracestate: "" };
    const carrier = formatCarrier({ context, cluster: "eu-1", original: undefined }) as string;
    const lines = ["traceparent", `00-${world.id(32)}-${world.id(16)}-01`, "x-tracemend-context", carrier];
    world.answer(world.forward({ ...after, lines, policy: { carrier: { read: true } } }));
    expect(only(world)).toMatchObject([
      { kind: "restarted-between-borders", examples: [{ traceId: context.traceId }] },
    ]);
    expect(only(world)[0]?.examples[0]?.otherTraceId).toBeDefined();
  });

  it("a cleared sampled flag is told from a lost random flag", () => {
    const world = createWorld();
    const traceId = world.id(32);
    const member = (flags: number) => {
      const own = { cluster: "eu-1", hop: 1, spanId: "1".repeat(16), flags };
      return ["tracestate", `tm=${formatOwnMember({ ...own, traceIdHash: hashOf(world, traceId) })}`];
    };
    world.forward({ ...after, lines: ["traceparent", `00-${traceId}-${"1".repeat(16)}-00`, ...member(1)] });
    world.forward({ ...after, lines: ["traceparent", `00-${traceId}-${"1".repeat(16)}-01`, ...member(3)] });
    world.forward({ ...after, lines: ["traceparent", `00-${traceId}-${"1".repeat(16)}-01`, ...member(0)] });
    expect(
      only(world)
        .map(({ kind }) => kind)
        .toSorted(),
    ).toEqual(["random-flag-lost", "sampled-flag-cleared", "sampled-flag-set"]);
  });

  it("a tracestate that did not come through is lost on the hop", () => {
    const world = twoBorders((lines) => lines.slice(0, 2));
    expect(only(world)).toMatchObject([{ kind: "tracestate-lost", edge: { from: "eu-1" }, count: 5 }]);
  });

  it("a parent that nobody exports is a ghost, once the longest wait is over", () => {
    const world = twoBorders((lines, { id }) => {
      const [name = "", value = "", ...rest] = lines;
      return [name, `${value.slice(0, 36)}${id(16)}${value.slice(52)}`, ...rest];
    });
    expect(only(world)).toEqual([]);
    world.pass("shop", 62_000);
    expect(only(world)).toMatchObject([{ kind: "ghost-hop-before-us", edge: { from: "eu-1" }, count: 5 }]);
  });
});

/** The hash as a border writes it, taken from one. */
function hashOf(world: World, traceId: string): string {
  const { verdict } = world.crossing({ ...before, lines: ["traceparent", `00-${traceId}-${"1".repeat(16)}-01`] });
  return verdict.context?.tracestate.split(".")[3] ?? "";
}
