import { describe, expect, it } from "vitest";
import { encodeSpans, forEachSpan } from "@tracemend/otlp";
import type { Batch, SpanRecord } from "@tracemend/otlp";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { createDeniedTraces } from "../../src/stages/denied-traces.ts";
import { filter } from "../../src/stages/filter.ts";
import type { FilterRule } from "../../src/stages/filter.ts";
import { batchOf, never } from "../batches.ts";
import { pipeline } from "../../src/stage.ts";
import { createFixedSink } from "./sinks.ts";

const trace = (id: number): string => id.toString(16).padStart(32, "0");

function span(id: number, name: string, more: Partial<SpanRecord> = {}): SpanRecord {
  return {
    traceId: trace(id),
    spanId: id.toString(16).padStart(16, "0"),
    name,
    kind: "server",
    startMs: 1,
    endMs: 2,
    attributes: {},
    ...more,
  };
}

function traces(...spans: readonly SpanRecord[]): Batch {
  return encodeSpans({ "service.name": "shop", "k8s.cluster.name": "eu" }, { name: "s", version: "1" }, spans);
}

function open(...rules: readonly FilterRule[]) {
  const sink = createFixedSink({ kind: "accepted" });
  const denied = createDeniedTraces(1_000, 1_000, createFakeClock());
  const counts: Record<string, number> = {};
  const filtered = (rule: string, spans: number): void => {
    counts[rule] = (counts[rule] ?? 0) + spans;
  };
  const filtering = filter({ rules, denied, filtered });
  const stage = pipeline(filtering.mark, filtering.drop, sink);
  const names = (): string[] => {
    const found: string[] = [];
    for (const batch of sink.batches) forEachSpan(batch, (one) => found.push(one.name()));
    return found;
  };
  return { sink, denied, counts, stage, names, filtering };
}

describe("filter", () => {
  it("drops the whole trace of a health check, in this batch and in those after it", async () => {
    const { counts, names, stage } = open({ name: "health", routes: ["/healthz"] });
    const child = span(1, "SELECT 1", { kind: "client" });
    const check = span(1, "GET /healthz", { attributes: { "http.route": "/healthz" } });
    await stage.accept(traces(child, span(2, "GET /orders"), check), never);
    await stage.accept(traces(child, span(3, "GET /cart")), never);
    expect(names()).toEqual(["GET /orders", "GET /cart"]);
    expect(counts).toEqual({ health: 3 });
  });

  it("knows the rule of a path where a rule asks for nothing else", () => {
    const { filtering } = open(
      { name: "of one service", routes: ["/healthz"], services: ["shop"] },
      { name: "of clients", routes: ["/healthz"], kinds: ["client"] },
      { name: "health", routes: ["/healthz", "/internal/*"] },
    );
    expect(filtering.ruleOfPath("/healthz")).toBe("health");
    expect(filtering.ruleOfPath("/internal/ready")).toBe("health");
    expect(filtering.ruleOfPath("/orders")).toBeUndefined();
  });

  it("answers accepted when nothing is left, and gives nothing on", async () => {
    const { sink, stage } = open({ name: "health", spanNames: ["GET /healthz"] });
    expect(await stage.accept(traces(span(1, "GET /healthz")), never)).toEqual({ kind: "accepted" });
    expect(sink.batches).toEqual([]);
  });

  it("drops a trace it was told of before any of its spans came", async () => {
    const { counts, denied, names, stage } = open();
    denied.deny(trace(7), "denied");
    await stage.accept(traces(span(7, "a"), span(8, "b")), never);
    expect(names()).toEqual(["b"]);
    expect(counts).toEqual({ denied: 1 });
  });

  it("gives on the same batch when no trace in it is denied, and other signals always", async () => {
    const { sink, stage } = open({ name: "health", routes: ["/healthz"] });
    const batches = [traces(span(1, "a")), batchOf("logs", 2)];
    for (const batch of batches) await stage.accept(batch, never);
    expect(sink.batches[0]).toBe(batches[0]);
    expect(sink.batches[1]).toBe(batches[1]);
  });

  it.each<[string, Omit<FilterRule, "name">, Partial<SpanRecord>, boolean]>([
    ["a beginning of a route", { routes: ["/internal/*"] }, { attributes: { "http.route": "/internal/x" } }, true],
    ["a path without a route", { routes: ["/healthz"] }, { attributes: { "url.path": "/healthz" } }, true],
    [
      "an old target without its query",
      { routes: ["/healthz"] },
      { attributes: { "http.target": "/healthz?x=1" } },
      true,
    ],
    ["an attribute of the span", { attributes: { synthetic: true } }, { attributes: { synthetic: true } }, true],
    ["an attribute of the resource", { attributes: { "k8s.cluster.name": "eu" } }, {}, true],
    ["another value", { attributes: { synthetic: true } }, { attributes: { synthetic: "true" } }, false],
    ["a service", { services: ["shop"] }, {}, true],
    ["all of the conditions or none", { services: ["shop"], spanNames: ["other"] }, {}, false],
    ["a kind that is not asked for", { services: ["shop"] }, { kind: "internal" }, false],
    ["a kind that is", { services: ["shop"], kinds: ["consumer"] }, { kind: "consumer" }, true],
  ])("matches by %s", async (_what, rule, more, matches) => {
    const { names, stage } = open({ name: "rule", ...rule });
    await stage.accept(traces(span(1, "a", more)), never);
    expect(names()).toEqual(matches ? [] : ["a"]);
  });

  it.each<[FilterRule, string]>([
    [{ name: "", routes: ["/"] }, "needs a name"],
    [{ name: "all" }, 'filter rule "all" needs a name and services, spanNames, routes or attributes'],
    [{ name: "x", routes: [] }, "filter rule x: routes must not be empty"],
    [{ name: "x", routes: ["/"], kinds: ["entry" as "server"] }, "filter rule x: kinds cannot have entry"],
  ])("%j throws", (rule, message) => {
    expect(() => open(rule)).toThrow(message);
  });
});

describe("denied traces", () => {
  it("are forgotten when they are old", () => {
    const clock = createFakeClock();
    const denied = createDeniedTraces(10, 1_000, clock);
    denied.deny("a", "rule");
    clock.advance(1_000);
    expect(denied.size).toBe(1);
    expect(denied.ruleOf("a")).toBe("rule");
    clock.advance(1_000);
    expect(denied.size).toBe(0);
    expect(denied.ruleOf("a")).toBeUndefined();
  });

  it("are never more than allowed, and the oldest go first", () => {
    const denied = createDeniedTraces(10, 1_000, createFakeClock());
    for (let id = 0; id < 100; id++) denied.deny(trace(id), "rule");
    expect(denied.size).toBeLessThanOrEqual(10);
    expect(denied.ruleOf(trace(99))).toBe("rule");
    expect(denied.ruleOf(trace(0))).toBeUndefined();
  });
});
