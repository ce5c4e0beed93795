import { describe, expect, it } from "vitest";
import { systemClock } from "../src/clock.ts";

describe("the system clock", () => {
  it("tells epoch milliseconds that do not run back within a request", () => {
    const before = Date.now();
    const readings = Array.from({ length: 100 }, () => systemClock.now());
    expect(readings.toSorted((a, b) => a - b)).toEqual(readings);
    expect(Math.abs((readings[0] ?? 0) - before)).toBeLessThan(1_000);
  });

  it("runs nothing early that is due in more days than a timer can count", async () => {
    const runs: string[] = [];
    const timers = [3_000_000_000, Number.MAX_SAFE_INTEGER].map((ms) =>
      systemClock.after(ms, () => runs.push("early")),
    );
    await new Promise<void>((resolve) => systemClock.after(5, resolve));
    for (const timer of timers) timer.cancel();
    expect(runs).toEqual([]);
  });

  it("runs what is due, and not what was canceled", async () => {
    const runs: string[] = [];
    await new Promise<void>((resolve) => {
      systemClock.after(0, () => runs.push("canceled")).cancel();
      systemClock.after(1, () => {
        runs.push("due");
        resolve();
      });
    });
    expect(runs).toEqual(["due"]);
  });
});
