import { expect, test } from "vitest";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { createDrainRate } from "../../src/stages/drain-rate.ts";

test("the wait follows the rate of the last seconds, in whole seconds", () => {
  const clock = createFakeClock();
  const drain = createDrainRate(clock, () => 0);
  for (let second = 0; second < 10; second++) {
    drain.drained(1_000);
    clock.advance(1_000);
  }
  expect(drain.untilFreeMs(4_500)).toBe(5_000);
  expect(drain.untilFreeMs(1)).toBe(1_000);
});

test("the wait is at most thirty seconds", () => {
  const clock = createFakeClock();
  const drain = createDrainRate(clock, () => 0);
  drain.drained(1);
  clock.advance(1_000);
  expect(drain.untilFreeMs(1_000_000)).toBe(30_000);
});

test("what drained long ago does not count", () => {
  const clock = createFakeClock();
  const drain = createDrainRate(clock, () => 0);
  drain.drained(1_000_000);
  clock.advance(60_000);
  expect(drain.untilFreeMs(1)).toBe(5_000);
});

test("those told at once do not come back at once", () => {
  const clock = createFakeClock();
  const waits = [0, 0.5, 0.99].map((random) => {
    const drain = createDrainRate(clock, () => random);
    drain.drained(5_000);
    return drain.untilFreeMs(10_000);
  });
  expect(waits).toEqual([10_000, 13_000, 15_000]);
});
