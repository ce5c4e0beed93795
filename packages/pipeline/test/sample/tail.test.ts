import { mergeBatches } from "@tracemend/otlp";
import type { PolicyOptions } from "@tracemend/pipeline";
import { describe, expect, test } from "vitest";
import { batchOf, expectBalanced, never } from "../batches.ts";
import { settled } from "../stages/sinks.ts";
import { always, errors, half, idOf, plain, setUp, slow, tail, toBatch, vip } from "./traces.ts";
import type { Span } from "./traces.ts";

describe("tail sampling", () => {
  test("keeps a trace whole for a span of it, and counts the spans of the others by policy", async () => {
    const { clock, send, kept, row, ledger, told, sampler } = setUp(tail([errors]));
    send({ ...plain, span: 1 }, { ...plain, trace: 2 });
    clock.advance(500);
    send({ ...plain, span: 2, isError: true });
    expect(await kept()).toEqual(["1/2"]);
    expect(sampler.state).toMatchObject({ traces: 1, sampled: { errors: 1 }, causes: { final: 1 } });
    clock.advance(1_000);
    expect(await kept()).toEqual(["1/2", "1/1"]);
    expect(row()).toMatchObject({ sampledOut: 1, sampledOutBy: { unmatched: 1 }, queued: 2 });
    expect(sampler.state).toMatchObject({ traces: 0, bytes: 0, notSampled: { unmatched: 1 } });
    expectBalanced(ledger.rows());
    expect(told.accepted).toBe(3);
  });

  test.each<[string, PolicyOptions, Partial<Span>, Partial<Span>]>([
    ["latency over all spans", slow, { startMs: 95, durationMs: 10 }, { startMs: 80, durationMs: 20 }],
    ["latency up to a bound", { ...slow, upperThresholdMs: 200 }, { durationMs: 150 }, { durationMs: 300 }],
    ["a text attribute", vip, { tenant: "vip" }, { tenant: "b" }],
    ["an expression", { ...vip, values: ["^v.p$"], enabledRegexMatching: true }, { tenant: "vip" }, { tenant: "xvip" }],
    [
      "a number",
      { name: "n", type: "numeric_attribute", key: "size", minValue: 40, maxValue: 50 },
      { durationMs: 45 },
      { durationMs: 60 },
    ],
    ["not", { name: "not", type: "not", notSubPolicy: vip }, { tenant: "b" }, { tenant: "vip" }],
    [
      "and",
      { name: "and", type: "and", andSubPolicy: [vip, errors] },
      { tenant: "vip", isError: true },
      { tenant: "vip" },
    ],
    ["a status", { ...errors, statusCodes: ["ERROR", "OK"] }, { isError: true }, {}],
  ])("keeps by %s", async (_what, policy, yes, no) => {
    const { clock, send, kept, sampler } = setUp(tail([policy]));
    send(plain, { ...plain, span: 2, ...yes });
    send({ ...plain, trace: 2 }, { ...plain, trace: 2, span: 2, ...no });
    clock.advance(1_000);
    expect((await kept()).toSorted()).toEqual(["1/1", "1/2"]);
    expect(sampler.state?.sampled).toEqual({ [policy.name]: 1 });
  });

  test("looks for attributes in the resource too, and counts spans", async () => {
    const canary = { name: "canary", type: "boolean_attribute", key: "canary", value: true } as const;
    const two = { name: "two", type: "span_count", minSpans: 2, maxSpans: 2 } as const;
    const { clock, send, kept } = setUp(tail([{ name: "both", type: "and", andSubPolicy: [canary, two] }]));
    send(plain, { ...plain, span: 2 }, { ...plain, trace: 2 });
    send(...[1, 2, 3].map((span) => ({ ...plain, trace: 3, span })));
    clock.advance(1_000);
    expect(await kept()).toEqual(["1/1", "1/2"]);
  });

  test("a drop counts more than what keeps, also when it comes later", async () => {
    const drop = { name: "never", type: "drop", dropSubPolicy: [vip] } as const;
    const { clock, send, kept, row } = setUp(tail([always, drop]));
    send(plain, { ...plain, trace: 2 });
    send({ ...plain, span: 2, tenant: "vip" });
    clock.advance(1_000);
    expect(await kept()).toEqual(["2/1"]);
    expect(row().sampledOutBy).toEqual({ never: 2 });
  });

  test("decides at once what no span could change", async () => {
    const { send, kept, sampler } = setUp(tail([always]));
    send(plain);
    expect(await kept()).toEqual(["1/1"]);
    expect(sampler.state).toMatchObject({ traces: 0, causes: { final: 1, due: 0 } });
  });

  test("late spans follow the decision, as long as it is remembered", async () => {
    const { clock, send, kept, row, sampler } = setUp(
      tail([errors], { decisionCache: { sampledCacheSize: 1, nonSampledCacheSize: 1 } }),
    );
    send({ ...plain, isError: true }, { ...plain, trace: 2 });
    clock.advance(1_000);
    send({ ...plain, span: 2 }, { ...plain, trace: 2, span: 2, isError: true });
    expect(await kept()).toEqual(["1/1", "1/2"]);
    expect(row().sampledOut).toBe(2);
    expect(sampler.state?.lateSpans).toEqual({ sampled: 1, notSampled: 1 });
    send({ ...plain, trace: 3 });
    clock.advance(1_000);
    send({ ...plain, trace: 2, span: 3, isError: true });
    expect(await kept()).toEqual(["1/1", "1/2", "2/3"]);
  });

  test("waits no longer than it says after the root", async () => {
    const { clock, send, kept } = setUp(tail([errors], { decisionWaitAfterRootReceivedMs: 100 }));
    send({ ...plain, isRoot: true }, { ...plain, trace: 2 });
    clock.advance(90);
    send({ ...plain, span: 2, isError: true });
    send({ ...plain, trace: 3, isRoot: true });
    clock.advance(110);
    send({ ...plain, trace: 3, isError: true });
    send({ ...plain, trace: 2, isError: true });
    clock.advance(1_000);
    expect((await kept()).toSorted()).toEqual(["1/1", "1/2", "2/1", "2/1"]);
  });

  test("decides the oldest by what is known when there are too many traces or bytes, and says why", async () => {
    const many = setUp(tail([errors, slow], { numTraces: 2 }));
    for (let trace = 1; trace <= 4; trace++) many.send({ ...plain, trace, durationMs: trace === 1 ? 200 : 1 });
    expect(await many.kept()).toEqual(["1/1"]);
    expect(many.sampler.state).toMatchObject({ traces: 2, causes: { final: 1, traces: 1 } });

    const one = toBatch([plain]).bytes + 1_024;
    const large = setUp(tail([errors]), 3 * one);
    for (let trace = 1; trace <= 6; trace++) large.send({ ...plain, trace });
    expect(large.sampler.state).toMatchObject({ traces: 3, bytes: 3 * one, causes: { bytes: 3 } });
    await settled();
    expect(large.row()).toMatchObject({ sampledOut: 3, queued: 3 });
  });

  test("closing decides by what is known and drops nothing undecided", async () => {
    const { send, sampler, kept, row, ledger } = setUp(tail([errors, half]));
    for (let trace = 1; trace <= 20; trace++) send({ ...plain, trace });
    await sampler.sink.close(never);
    expect((await kept()).length + row().sampledOut).toBe(20);
    expect(sampler.state).toMatchObject({ traces: 0, bytes: 0, causes: { close: 20 } });
    expectBalanced(ledger.rows());
  });

  test("writes down by which threshold a trace was kept, and erases what nobody can tell", async () => {
    const lucky = Array.from({ length: 50 }, (_, trace) => trace).find((trace) => idOf(trace)[18]! >= "c") ?? 0;
    const span = { ...plain, trace: lucky };
    const run = async (policies: readonly PolicyOptions[], tracestate: string): Promise<string[]> => {
      const { clock, send, tracestates, kept } = setUp(tail(policies));
      send({ ...span, tracestate });
      clock.advance(1_000);
      await kept();
      return tracestates();
    };
    expect(await run([half], "a=1")).toEqual(["ot=th:8,a=1"]);
    expect(await run([half], "ot=th:c,a=1")).toEqual(["ot=th:c,a=1"]);
    expect(await run([half, always], "a=1")).toEqual(["a=1"]);
    expect(await run([always], "ot=th:4")).toEqual(["ot=th:4"]);
    const unlucky = { name: "quarter", type: "probabilistic", samplingPercentage: 0.0001 } as const;
    const rest = { name: "rest", type: "not", notSubPolicy: unlucky } as const;
    expect(await run([rest], "ot=th:4;rv:fffffffffffff0")).toEqual([]);
    expect(await run([rest], "ot=th:4")).toEqual([""]);
  });

  test("a composite gives each policy its part, in its order", async () => {
    const composite: PolicyOptions = {
      name: "shares",
      type: "composite",
      maxTotalSpansPerSecond: 40,
      policyOrder: ["errors", "all"],
      compositeSubPolicy: [always, errors],
      rateAllocation: [{ policy: "errors", percent: 75 }],
    };
    const { clock, send, kept, row, ledger } = setUp(tail([composite]));
    for (let trace = 0; trace < 3_000; trace++) {
      send({ ...plain, trace, isError: trace % 2 === 0 });
      clock.advance(10);
    }
    clock.advance(1_000);
    const names = await kept();
    const failed = names.filter((name) => Number(name.split("/")[0]) % 2 === 0).length;
    // 31 seconds of 40 spans each, and the bursts at the beginning; 50 of each kind were offered a second.
    expect(names.length).toBeGreaterThan(31 * 36);
    expect(names.length).toBeLessThan(31 * 40 + 120);
    expect(failed).toBeGreaterThan(2.5 * (names.length - failed));
    expect(failed).toBeLessThan(3.5 * (names.length - failed));
    expect(row().sampledOutBy).toEqual({ shares: row().sampledOut });
    expectBalanced(ledger.rows());
  });

  test("passes what has no traces", async () => {
    const { sampler, kept } = setUp(tail([errors]));
    expect(await sampler.sink.accept(batchOf("logs", 3), never)).toEqual({ kind: "accepted" });
    expect(await kept()).toEqual([]);
  });
});

test("batches merged before keep their spans apart", async () => {
  const { clock, sampler, kept, row } = setUp(tail([errors]));
  const merged = mergeBatches([toBatch([plain]), toBatch([{ ...plain, trace: 2, isError: true }])]);
  void sampler.sink.accept(merged, never);
  clock.advance(1_000);
  expect(await kept()).toEqual(["2/1"]);
  expect(row().sampledOut).toBe(1);
});
