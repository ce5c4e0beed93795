import { describe, expect, it } from "vitest";
import { createLag } from "../src/lag.ts";

describe("the lag of an instance", () => {
  it("is believed only after enough spans", () => {
    const lag = createLag();
    for (let at = 0; at < 99; at += 1) lag.add(10);
    expect(lag.marginMs(10_000)).toBe(10_000);
    lag.add(10);
    expect(lag.marginMs(10_000)).toBe(1_000);
  });

  it("covers twice what 99 % of the spans take", () => {
    const lag = createLag();
    for (let at = 0; at < 1_000; at += 1) lag.add(at % 20 === 0 ? 5_000 : 100);
    expect(lag.marginMs(10_000)).toBeGreaterThanOrEqual(10_000);
    expect(lag.marginMs(10_000)).toBeLessThan(14_000);
  });

  it("knows that a clock from which spans arrive before they end is ahead, and forgets it when it is set right", () => {
    const lag = createLag();
    lag.add(-3_000);
    expect(lag.aheadMs()).toBe(3_000);
    for (let at = 0; at < 3 * 4_096; at += 1) lag.add(50);
    expect(lag.aheadMs()).toBe(0);
  });
});
