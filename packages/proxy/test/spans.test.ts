import { describe, expect, it } from "vitest";
import type { Passed } from "../src/passed.ts";
import { tryFinish, tryGrant, tryRelease } from "../src/spans.ts";

const fail = (): never => {
  throw new Error("exporter down");
};
const grant = {
  spans: { traceId: "1".repeat(32), serverSpanId: "2".repeat(16), clientSpanId: "3".repeat(16) },
  finish: fail,
  release: fail,
};

describe("a span source that throws", () => {
  it("has granted nothing", () => {
    expect(tryGrant({ grant: fail })).toBeUndefined();
    expect(tryGrant(undefined)).toBeUndefined();
    expect(tryGrant({ grant: () => grant })).toBe(grant);
  });

  it("does not reach the exchange when it is told the end", () => {
    expect(() => tryFinish(grant, {} as Passed)).not.toThrow();
    expect(() => tryRelease(grant)).not.toThrow();
  });
});
