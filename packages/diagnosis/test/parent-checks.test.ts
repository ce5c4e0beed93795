import { describe, expect, it } from "vitest";
import { createParentChecks } from "../src/parent-checks.ts";
import { createSeenSpans } from "../src/seen-spans.ts";

const ids = (count: number): Uint32Array => Uint32Array.of(1, 2, 3, count, 5, count, 7, count);

describe("the sample of parents to look for", () => {
  it("is looked through once its time has come, in order", () => {
    const checks = createParentChecks();
    const seen = createSeenSpans(16 * 1024, 120_000, 0);
    seen.add(Uint32Array.of(1, 2, 3, 1, 7, 1), 6, 1, 1_000, new Uint8Array(1));
    checks.add(ids(1), 4, 1_000);
    checks.add(ids(2), 5, 2_000);
    checks.add(ids(3), 6, 3_000);
    const found: unknown[] = [];
    checks.settle(seen, 2_000, (service, exported) => found.push([service, exported]));
    expect(found).toEqual([
      [4, true],
      [5, false],
    ]);
  });

  it("is bounded", () => {
    const checks = createParentChecks();
    for (let count = 0; count < 5_000; count += 1) checks.add(ids(count), 0, 0);
    let settled = 0;
    checks.settle(createSeenSpans(1_024, 120_000, 0), 1, () => (settled += 1));
    expect(settled).toBe(2_048);
  });
});
