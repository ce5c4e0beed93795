import { describe, expect, test } from "vitest";
import { expectBalanced } from "../batches.ts";
import { plain, setUp } from "./traces.ts";

describe("rate limiting", () => {
  test("keeps or drops a trace from its first span on, within the rate", async () => {
    const { clock, send, kept, row, ledger } = setUp({ kind: "rate_limiting", spansPerSecond: 50 });
    for (let trace = 0; trace < 2_000; trace++) {
      send({ ...plain, trace }, { ...plain, trace: Math.max(0, trace - 50), span: 2 });
      clock.advance(5);
    }
    const names = await kept();
    expect(names.length).toBeGreaterThan(10 * 48);
    expect(names.length).toBeLessThan(10 * 50 + 100);
    const whole = names.filter((name) => name.endsWith("/1")).map((name) => name.split("/")[0]);
    const second = new Set(names.filter((name) => name.endsWith("/2")).map((name) => name.split("/")[0]));
    expect(whole.filter((trace) => Number(trace) < 1_950 && !second.has(trace))).toEqual([]);
    expect(row().sampledOutBy).toEqual({ rate_limiting: row().sampledOut });
    expectBalanced(ledger.rows());
  });
});

describe("probabilistic sampling", () => {
  test("keeps the same traces at a lower rate as at a higher one, and raises thresholds only", async () => {
    const spans = Array.from({ length: 400 }, (_, trace) => ({ ...plain, trace }));
    const keep = async (samplingPercentage: number, tracestate?: string) => {
      const { send, kept, tracestates, row, ledger } = setUp({ kind: "probabilistic", samplingPercentage });
      send(...spans.map((span) => (tracestate === undefined ? span : { ...span, tracestate })));
      const names = await kept();
      expect(names.length + row().sampledOut).toBe(400);
      expectBalanced(ledger.rows());
      return { names: new Set(names), states: new Set(tracestates()) };
    };
    const quarter = await keep(25);
    const tenth = await keep(10);
    expect(quarter.names.size).toBeGreaterThan(70);
    expect(quarter.names.size).toBeLessThan(130);
    expect([...tenth.names].filter((name) => !quarter.names.has(name))).toEqual([]);
    expect(tenth.names.size).toBeGreaterThan(20);
    expect(quarter.states).toEqual(new Set(["ot=th:c"]));
    expect((await keep(25, "ot=rv:bfffffffffffff")).names.size).toBe(0);
    expect(await keep(25, "ot=th:e;rv:ffffffffffffff")).toMatchObject({
      states: new Set(["ot=th:e;rv:ffffffffffffff"]),
    });
    expect((await keep(0)).names.size).toBe(0);
    expect((await keep(100)).states).toEqual(new Set([""]));
  });
});
