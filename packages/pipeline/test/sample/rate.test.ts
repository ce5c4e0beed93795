import { describe, expect, it } from "vitest";
import { createFakeClock } from "../../../../test/support/clock.ts";
import { createRate } from "../../src/sample/rate.ts";
import { keepAll, keepNone } from "../../src/sample/threshold.ts";

/** Offers traces of one span each; how many were kept. */
function offer(rate: ReturnType<typeof createRate>, perSecond: number, seconds: number, advance: (ms: number) => void) {
  let kept = 0;
  // Evenly spread and in no order: the fractions of multiples of the golden ratio.
  for (let at = 0; at < perSecond * seconds; at++) {
    const randomness = Math.floor(((at * 0.618_033_988_749_894_9) % 1) * 2 ** 48)
      .toString(16)
      .padStart(12, "0");
    if (`${randomness}00` >= rate.threshold()) {
      rate.take(1);
      kept++;
    }
    advance(1_000 / perSecond);
  }
  return kept;
}

describe("a rate", () => {
  it("keeps everything while less comes", () => {
    const clock = createFakeClock();
    expect(offer(createRate(100, 200, clock), 80, 20, (ms) => clock.advance(ms))).toBe(1_600);
  });

  it("keeps as much as it says of ten times more, beyond the burst it begins with", () => {
    const clock = createFakeClock();
    const rate = createRate(100, 200, clock);
    const kept = offer(rate, 1_000, 60, (ms) => clock.advance(ms));
    expect(kept).toBeGreaterThan(0.98 * 6_000);
    expect(kept).toBeLessThan(1.02 * 6_000 + 200);
  });

  it("keeps nothing while a trace that was kept goes on taking, and not for ever after", () => {
    const clock = createFakeClock();
    const rate = createRate(10, 20, clock);
    rate.take(1_000_000);
    expect(rate.threshold()).toBe(keepNone);
    clock.advance(59_000);
    expect(rate.threshold()).toBe(keepNone);
    clock.advance(3_000);
    expect(rate.threshold()).toBe(keepAll);
  });
});
