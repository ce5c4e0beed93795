import { describe, expect, it } from "vitest";
import { forEachSpan, mergeBatches, SpanRun } from "@tracemend/otlp";
import { len, pair, span, traces } from "./support/bytes.ts";
import { batch } from "./support/read.ts";

const spans = (from: number, count: number) => Array.from({ length: count }, (_, at) => span(from + at));

describe("runs of spans", () => {
  const several = mergeBatches([
    batch(traces([pair(1, "service.name", "a")], ...spans(1, 7))),
    batch(traces([pair(1, "service.name", "b")], len(2), ...spans(8, 3))),
    batch(traces([pair(1, "service.name", "c")])),
    batch(traces([], ...spans(11, 1))),
  ]);

  it("show every span once, in the order of the bytes", () => {
    const one: string[] = [];
    forEachSpan(several, (view) => one.push(view.spanId()));
    const seen: string[] = [];
    new SpanRun(4).each(several, (run) => {
      for (let at = 0; at < run.count; at++) seen.push(run.at(at).spanId());
    });
    expect(seen).toEqual(one);
    expect(seen.length).toBe(12);
  });

  it("are no longer than wanted and of one resource each", () => {
    const runs: unknown[] = [];
    const turns = new Map<number, unknown>();
    const run = new SpanRun(4);
    run.each(several, ({ count, turn }) => {
      const service = run.at(0).resourceAttribute("service.name");
      expect(run.at(count - 1).resourceAttribute("service.name")).toBe(service);
      expect(turns.get(turn) ?? service).toBe(service);
      turns.set(turn, service);
      runs.push([service, count]);
    });
    expect(runs).toEqual([
      ["a", 4],
      ["a", 3],
      ["b", 4],
      [undefined, 1],
    ]);
    expect(turns.size).toBe(3);
  });

  it("begin anew after a visit that threw", () => {
    const run = new SpanRun(4);
    expect(() =>
      run.each(several, () => {
        throw new Error("no");
      }),
    ).toThrow("no");
    const counts: number[] = [];
    run.each(several, ({ count }) => counts.push(count));
    expect(counts).toEqual([4, 3, 4, 1]);
  });
});
