import { describe, expect, it } from "vitest";
import { createFakeClock } from "../../../test/support/clock.ts";
import { createDeadlines } from "../src/deadlines.ts";

function deadline(deadlineMs: number) {
  const entry = { deadlineMs, place: -1, runs: 0, expired: () => void (entry.runs += 1) };
  return entry;
}

describe("deadlines", () => {
  it("expire once, at most one step late", () => {
    const clock = createFakeClock(0);
    const deadlines = createDeadlines(clock, 10);
    const entry = deadline(25);
    deadlines.add(entry);
    clock.advance(24);
    expect(entry.runs).toBe(0);
    clock.advance(11);
    clock.advance(100);
    expect(entry.runs).toBe(1);
  });

  it("follow when they are moved, and are forgotten when removed", () => {
    const clock = createFakeClock(0);
    const deadlines = createDeadlines(clock, 10);
    const moved = deadline(15);
    const removed = deadline(15);
    deadlines.add(moved);
    deadlines.add(removed);
    deadlines.remove(removed);
    clock.advance(11);
    moved.deadlineMs = 45;
    clock.advance(29);
    expect([moved.runs, removed.runs]).toEqual([0, 0]);
    clock.advance(20);
    expect([moved.runs, removed.runs]).toEqual([1, 0]);
  });

  it("leave no timer behind when none is open", () => {
    const clock = createFakeClock(0);
    const deadlines = createDeadlines(clock, 10);
    deadlines.add(deadline(5));
    expect(clock.pending).toBe(1);
    clock.advance(20);
    expect(clock.pending).toBe(0);
  });
});
