import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RootSampler } from "../src/root-sampling.ts";
import { completeSampling, isRecorded } from "../src/root-sampling.ts";

const traceId = fc.string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: 32, maxLength: 32 });

describe("the share of traces that are recorded", () => {
  it.each([
    [1, undefined],
    [0.5, "ot=th:8"],
    [0.25, "ot=th:c"],
    [0.1, "ot=th:e666666666667"],
    [0, undefined],
  ])("of %s is told as %s", (ratio, member) => {
    expect(completeSampling({ ratio }, "sampling").member).toBe(member);
  });

  it("is of the last 56 bits of the trace id, as OpenTelemetry compares them", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), traceId, (ratio, id) => {
        const sampler = completeSampling({ ratio }, "sampling");
        const threshold = (BigInt(Math.round((1 - ratio) * 2 ** 52)) << 4n).valueOf();
        expect(isRecorded(sampler, id)).toBe(BigInt(`0x${id.slice(18)}`) >= threshold);
      }),
    );
  });

  it("records what a smaller share records", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        traceId,
        (a, b, id) => {
          const [less, more] = [Math.min(a, b), Math.max(a, b)].map((ratio) => completeSampling({ ratio }, "sampling"));
          expect(isRecorded(less as RootSampler, id) && !isRecorded(more as RootSampler, id)).toBe(false);
        },
      ),
    );
    expect(isRecorded(completeSampling({ ratio: 1 }, "sampling"), "0".repeat(32))).toBe(true);
    expect(isRecorded(completeSampling({ ratio: 0 }, "sampling"), "f".repeat(32))).toBe(false);
  });

  it.each([-0.1, 1.1, Number.NaN])("is refused by name where it is %s", (ratio) => {
    expect(() => completeSampling({ ratio }, "routes[1].sampling")).toThrow(TypeError);
    expect(() => completeSampling({ ratio }, "routes[1].sampling")).toThrow("routes[1].sampling.ratio");
  });
});
