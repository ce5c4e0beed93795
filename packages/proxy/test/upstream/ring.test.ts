import { describe, expect, it } from "vitest";
import { hashField, hashText, hashTrace } from "../../src/upstream/hash.ts";
import { createRing } from "../../src/upstream/ring.ts";

const KEYS = Array.from({ length: 10_000 }, (_, at) => hashText(`trace-${at}`));
const any = () => true;

describe("a ring", () => {
  it("shares keys out evenly enough", () => {
    const ring = createRing(["a:1", "b:1", "c:1", "d:1"]);
    const counts = [0, 0, 0, 0];
    for (const key of KEYS) counts[ring.find(key, any)] = (counts[ring.find(key, any)] ?? 0) + 1;
    for (const count of counts) expect(count / KEYS.length).toBeGreaterThan(0.15);
  });

  it("gives a place as many keys as its weight says", () => {
    const weights = [4, 2, 1, 1];
    const ring = createRing(["a:1", "b:1", "c:1", "d:1"], weights);
    const counts = [0, 0, 0, 0];
    for (const key of KEYS) counts[ring.find(key, any)] = (counts[ring.find(key, any)] ?? 0) + 1;
    for (const [place, weight] of weights.entries()) {
      const share = ((counts[place] as number) / KEYS.length) * 8;
      expect([weight * 0.6 < share, share < weight * 1.4]).toEqual([true, true]);
    }
    // The least of weights is a place all the same.
    expect(createRing(["a:1", "b:1"], [65_535, 1]).find(1, (at) => at === 1)).toBe(1);
  });

  it("with equal weights is the ring without any", () => {
    const [plain, weighted] = [createRing(["a:1", "b:1"]), createRing(["a:1", "b:1"], [7, 7])];
    for (const key of KEYS) expect(weighted.find(key, any)).toBe(plain.find(key, any));
  });

  it("moves only the keys of the place that goes", () => {
    const before = createRing(["a:1", "b:1", "c:1"]);
    const after = createRing(["a:1", "b:1"]);
    for (const key of KEYS) {
      const place = before.find(key, any);
      expect([place, 2]).toContain(place === 2 ? 2 : after.find(key, any));
      expect(before.find(key, (at) => at !== 2)).toBe(after.find(key, any));
    }
  });

  it("finds nothing where nothing is accepted", () => {
    expect(createRing(["a:1"]).find(7, () => false)).toBe(-1);
    expect(createRing([]).find(7, any)).toBe(-1);
  });
});

describe("a request's hash", () => {
  it("is of its trace id alone, or of a field's value", () => {
    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const again = "00-4bf92f3577b34da6a3ce929d0e0e4736-aaaaaaaaaaaaaaaa-00";
    expect(hashTrace(["traceparent", trace])).toBe(hashTrace(["TraceParent", again]));
    expect(hashTrace(["traceparent", "x"])).toBeUndefined();
    expect(hashField(["X-User", "7"], "x-user")).toBe(hashText("7"));
    expect(hashField([], "x-user")).toBeUndefined();
  });
});
