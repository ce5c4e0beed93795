import fc from "fast-check";
import type { PolicyOptions } from "@tracemend/pipeline";
import { describe, expect, test } from "vitest";
import { expectBalanced, never } from "../batches.ts";
import { errors, half, setUp, slow, tail, vip } from "./traces.ts";
import type { Span } from "./traces.ts";

describe("sampling", () => {
  const span = fc.record({
    trace: fc.nat(6),
    span: fc.nat(900),
    startMs: fc.nat(150),
    durationMs: fc.nat(60),
    isError: fc.boolean(),
    tenant: fc.constantFrom("a", "b", "vip"),
  });
  const policies: readonly (readonly PolicyOptions[])[] = [
    [errors],
    [slow, half],
    [half],
    [vip, { name: "drop", type: "drop", dropSubPolicy: [errors] }],
    [{ name: "and", type: "and", andSubPolicy: [{ name: "not", type: "not", notSubPolicy: vip }, half] }, slow],
    [{ name: "rate", type: "rate_limiting", spansPerSecond: 5 }],
  ];
  const step = fc.record({
    spans: fc.array(span, { minLength: 1, maxLength: 5 }),
    waitMs: fc.constantFrom(0, 10, 400, 1_200),
  });

  test("a trace is kept or dropped whole, however its spans come and whatever overflows, and the ledger adds up", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.constantFrom(...policies),
        fc.constantFrom({}, { numTraces: 2 }, { decisionWaitAfterRootReceivedMs: 20 }),
        fc.constantFrom(1_000_000, 4_000),
        async (steps, chosen, more, mostBytes) => {
          const { clock, send, kept, row, ledger, told, sampler } = setUp(tail(chosen, more), mostBytes);
          if (steps.length === 0) return;
          const sent = new Map<string, number>();
          for (const { spans, waitMs } of steps) {
            send(...spans);
            for (const { trace } of spans) sent.set(`${trace}`, (sent.get(`${trace}`) ?? 0) + 1);
            clock.advance(waitMs);
            expect(sampler.state?.bytes).toBeLessThanOrEqual(mostBytes);
          }
          await sampler.sink.close(never);
          const names = (await kept()).map((name) => name.split("/")[0] ?? "");
          for (const [trace, count] of sent) {
            const left = names.filter((name) => name === trace).length;
            expect([0, count]).toContain(left);
          }
          const all = [...sent.values()].reduce((sum, count) => sum + count, 0);
          expect(names.length + row().sampledOut).toBe(all);
          expect(told.accepted).toBe(all);
          expectBalanced(ledger.rows());
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a second replica that gets the spans of the same traces otherwise keeps the same ones", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .array(span, { minLength: 1, maxLength: 30 })
          .chain((spans) => fc.tuple(fc.constant(spans), fc.shuffledSubarray(spans, { minLength: spans.length }))),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom(...policies.slice(0, 5)),
        async ([spans, shuffled], size, chosen) => {
          const replica = async (order: readonly Span[], batchSize: number): Promise<string[]> => {
            const { clock, send, kept } = setUp(tail(chosen));
            for (let at = 0; at < order.length; at += batchSize) send(...order.slice(at, at + batchSize));
            clock.advance(2_000);
            return (await kept()).toSorted();
          };
          expect(await replica(shuffled, size)).toEqual(await replica(spans, spans.length));
        },
      ),
      { numRuns: 200 },
    );
  });
});
