/** A staged stream: the times are the recording's, only ids change, and a seed gives the same stream. */
import type { SpanRecord } from "@tracemend/otlp";
import { expect, test } from "vitest";
import type { BreakClass } from "../../src/evaluate/break-class.ts";
import { BREAK_CLASSES, INTACT } from "../../src/evaluate/break-class.ts";
import type { Staged } from "../../src/evaluate/stimulus.ts";
import { stage } from "../../src/evaluate/stimulus.ts";
import { edgeOf, shop } from "./shop.ts";

function classNamed(name: string): BreakClass {
  const found = BREAK_CLASSES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no class is named ${name}`);
  return found;
}

function staged(breakClass: BreakClass, share: number, seed = 1): Staged {
  const recording = shop();
  return stage({
    recording,
    edge: edgeOf(recording, "shop→stock"),
    breakClass,
    share,
    requests: 100,
    requestsPerSecond: 10,
    seed,
  });
}

function recordsOf({ stimulus }: Staged): readonly SpanRecord[] {
  return stimulus.events.flatMap((event) => (event.kind === "crossing" ? [] : event.records));
}

function childrenOf(stream: Staged): { readonly owed: number; readonly paid: number } {
  const parents = new Set(recordsOf(stream).map(({ traceId, parentSpanId }) => `${traceId} ${parentSpanId}`));
  const contexts = stream.stimulus.events.flatMap((event) =>
    event.kind === "crossing" && event.crossing.boundary === "shop→stock" ? (event.crossing.verdict.context ?? []) : [],
  );
  const sampled = contexts.filter(({ flags }) => (flags & 1) === 1);
  const paid = sampled.filter(({ traceId, parentId }) => parents.has(`${traceId} ${parentId}`));
  return { owed: sampled.length, paid: paid.length };
}

test("the same seed gives the same stream, another one another", () => {
  // As text: a reading holds how to read on, which is equal to nothing.
  const stream = (seed: number): string => JSON.stringify(staged(INTACT, 0, seed).stimulus);
  const first = stream(1);
  expect(stream(1) === first).toBe(true);
  expect(stream(2) === first).toBe(false);
});

test("an intact stream answers what it owes but for what its exporters lose", () => {
  const { owed, paid } = childrenOf(staged(INTACT, 0));
  expect(owed).toBeGreaterThan(80);
  expect(paid / owed).toBeGreaterThan(0.9);
});

test("where all is dropped, only entries that are not on the way of the cut are answered", () => {
  const stream = staged(classNamed("dropped by callee, ports"), 1);
  const { owed, paid } = childrenOf(stream);
  expect(stream.truth.broken).toBeGreaterThan(80);
  expect(owed - paid).toBeGreaterThanOrEqual(stream.truth.broken);
  expect(stream.truth.cuts.size).toBe(stream.truth.broken);
});

test("events come in the order of time and the stream ends after the longest wait", () => {
  const { stimulus } = staged(INTACT, 0);
  expect(stimulus.events.every(({ atMs }, at) => atMs >= (stimulus.events[at - 1]?.atMs ?? 0))).toBe(true);
  const lastCrossing = stimulus.events.findLast(({ kind }) => kind === "crossing");
  expect(stimulus.untilMs - (lastCrossing?.atMs ?? 0)).toBeGreaterThan(60_000);
});

test("spans last as long as they did when they were recorded", () => {
  const lengths = new Set(
    [10, 14, 19, 23, 30].flatMap((least) => Array.from({ length: 7 }, (_, more) => least + more)),
  );
  const recorded = recordsOf(staged(classNamed("ghost hop"), 0.5)).filter(
    ({ name }) => name === "/take" || name === "/read",
  );
  expect(recorded.length).toBeGreaterThan(100);
  expect(recorded.every(({ startMs, endMs }) => lengths.has(Math.round(endMs - startMs)))).toBe(true);
});

test("a hop between borders is told as two crossings, and what is put back is the context that was lost", () => {
  const { stimulus, truth } = staged(classNamed("stripped, carrier left"), 0.5);
  const boundaries = Map.groupBy(
    stimulus.events.flatMap((event) => (event.kind === "crossing" ? event.crossing.boundary : [])),
    (name) => name,
  );
  expect(boundaries.get("abroad:shop→stock")).toHaveLength(truth.requests);
  expect(truth.restored).toBeGreaterThan(20);
  expect(truth.restoredWrong).toBe(0);
});
