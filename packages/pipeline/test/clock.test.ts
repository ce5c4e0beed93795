import { describe, expect, test } from "vitest";
import { createFakeClock } from "../../../test/support/clock.ts";
import { createDeadline, pause, systemClock } from "../src/clock.ts";
import { never, over } from "./batches.ts";

describe("the system clock", () => {
  test("runs what is due, and not what was cancelled", async () => {
    const ran: string[] = [];
    systemClock.after(1, () => ran.push("cancelled")).cancel();
    const late = systemClock.after(1e12, () => ran.push("what is due in 31 years"));
    await new Promise<void>((resolve) => {
      systemClock.after(5, resolve);
    });
    late.cancel();
    expect(ran).toEqual([]);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  });
});

describe("a pause", () => {
  test("ends when its time is up", async () => {
    const clock = createFakeClock();
    const paused = pause(clock, 100, never);
    clock.advance(100);
    await paused;
    expect(clock.pending).toBe(0);
  });

  test("ends with the signal, and leaves no timer", async () => {
    const clock = createFakeClock();
    const stop = new AbortController();
    const paused = pause(clock, 100, stop.signal);
    stop.abort();
    await paused;
    await pause(clock, 100, over);
    expect(clock.pending).toBe(0);
  });
});

describe("a deadline", () => {
  test("aborts at its time", () => {
    const clock = createFakeClock();
    const deadline = createDeadline(clock, 100, never);
    clock.advance(99);
    expect(deadline.signal.aborted).toBe(false);
    clock.advance(1);
    expect(deadline.signal.aborted).toBe(true);
  });

  test("aborts with the outer signal", () => {
    const outer = new AbortController();
    const deadline = createDeadline(createFakeClock(), 100, outer.signal);
    outer.abort();
    expect(deadline.signal.aborted).toBe(true);
    expect(createDeadline(createFakeClock(), 100, over).signal.aborted).toBe(true);
  });

  test("leaves nothing behind once cleared", () => {
    const clock = createFakeClock();
    const outer = new AbortController();
    const deadline = createDeadline(clock, 100, outer.signal);
    deadline.clear();
    outer.abort();
    expect(deadline.signal.aborted).toBe(false);
    expect(clock.pending).toBe(0);
  });

  test("of 0 never comes", () => {
    const clock = createFakeClock();
    expect(createDeadline(clock, 0, never).signal.aborted).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
