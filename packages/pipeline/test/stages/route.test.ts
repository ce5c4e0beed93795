import { describe, expect, it } from "vitest";
import { encodeSpans, mergeBatches } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import type { Outcome, Sink } from "@tracemend/pipeline";
import { route } from "../../src/stages/route.ts";
import type { RouteRule } from "../../src/stages/route.ts";
import { batchOf, never } from "../batches.ts";

const names = ["old", "new", "eu"];

/** Notes which destinations got how many items, and answers as told. */
function open(rules: readonly RouteRule[], outcomes: Readonly<Record<string, Outcome>> = {}) {
  const got: [string, number][] = [];
  let closed = 0;
  const sink = route(rules, names, (chosen): Sink => {
    const name = chosen.join("+");
    return {
      async accept({ items }) {
        got.push([name, items]);
        return outcomes[name] ?? { kind: "accepted" };
      },
      async close() {
        closed += 1;
      },
    };
  });
  return { sink, got, closed: () => closed };
}

function spansOf(service: string, count: number, resource: Record<string, string> = {}): Batch {
  const spans = Array.from({ length: count }, (_, index) => ({
    traceId: (index + 1).toString(16).padStart(32, "0"),
    spanId: (index + 1).toString(16).padStart(16, "0"),
    name: "x",
    kind: "server" as const,
    startMs: 1,
    endMs: 2,
    attributes: {},
  }));
  return encodeSpans({ "service.name": service, ...resource }, { name: "s", version: "1" }, spans);
}

describe("route", () => {
  it("without rules is what it leads to", async () => {
    const { sink, got } = open([]);
    await sink.accept(spansOf("a", 2), never);
    expect(got).toEqual([["old+new+eu", 2]]);
  });

  it("takes a batch apart by service, region and attribute; what fits no rule goes everywhere", async () => {
    const { sink, got } = open([
      { services: ["pay"], destinations: ["new"] },
      { regions: ["eu-1", "eu-2"], destinations: ["eu"] },
      { attributes: { tier: "gold" }, destinations: ["old", "new"] },
    ]);
    const whole = mergeBatches([
      spansOf("pay", 1, { "cloud.region": "eu-1" }),
      spansOf("shop", 2, { "cloud.region": "eu-2" }),
      spansOf("shop", 3, { tier: "gold" }),
      spansOf("shop", 4),
    ]);
    await sink.accept(whole, never);
    expect(got).toEqual([
      ["new", 1],
      ["eu", 2],
      ["old+new", 3],
      ["old+new+eu", 4],
    ]);
  });

  it("by signal", async () => {
    const { sink, got } = open([{ signals: ["metrics", "logs"], destinations: ["eu"] }]);
    await sink.accept(batchOf("logs", 2), never);
    await sink.accept(batchOf("traces", 3), never);
    expect(got).toEqual([
      ["eu", 2],
      ["old+new+eu", 3],
    ]);
  });

  it("a share takes about so many services, always the same, and keeps them as it grows", async () => {
    const services = Array.from({ length: 500 }, (_, index) => `service-${index}`);
    const taken = async (share: number): Promise<Set<string>> => {
      const { sink, got } = open([{ share, destinations: ["new"] }, { destinations: ["old"] }]);
      for (const service of services) await sink.accept(spansOf(service, 1), never);
      return new Set(services.filter((_, index) => got[index]?.[0] === "new"));
    };
    const [none, tenth, half, all] = [await taken(0), await taken(0.1), await taken(0.5), await taken(1)];
    expect([none.size, all.size]).toEqual([0, 500]);
    expect(tenth.size).toBeGreaterThan(25);
    expect(tenth.size).toBeLessThan(80);
    expect([...tenth].every((service) => half.has(service))).toBe(true);
  });

  it("rejects what one route had no room for, and keeps what another took", async () => {
    const rules: RouteRule[] = [{ services: ["a"], destinations: ["old"] }, { destinations: ["new"] }];
    const { sink } = open(rules, { old: { kind: "busy", retryAfterMs: 2_000 } });
    expect(await sink.accept(mergeBatches([spansOf("a", 2), spansOf("b", 3)]), never)).toEqual({
      kind: "partial",
      rejected: 2,
      message: "no room for 2 items",
    });
    expect(await sink.accept(spansOf("a", 2), never)).toEqual({ kind: "busy", retryAfterMs: 2_000 });
  });

  it("is busy for the longest wait when no route has room", async () => {
    const busy = (retryAfterMs: number): Outcome => ({ kind: "busy", retryAfterMs });
    const rules: RouteRule[] = [{ services: ["a"], destinations: ["old"] }, { destinations: ["new"] }];
    const { sink } = open(rules, { old: busy(1_000), new: busy(3_000) });
    expect(await sink.accept(mergeBatches([spansOf("a", 2), spansOf("b", 3)]), never)).toEqual(busy(3_000));
  });

  it("closes each destination once", async () => {
    const { closed, sink } = open([{ destinations: ["new"] }]);
    await sink.close(never);
    expect(closed()).toBe(1);
  });

  it.each<[RouteRule, string]>([
    [{ destinations: [] }, "there must be a destination"],
    [{ share: 1.1, destinations: ["new"] }, "share must be between 0 and 1, not 1.1"],
    [{ share: NaN, destinations: ["new"] }, "share must be between 0 and 1"],
  ])("%j throws", (rule, message) => {
    expect(() => open([rule])).toThrow(message);
  });
});
