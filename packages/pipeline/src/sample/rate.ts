/** So many spans a second, as a threshold: the emptier the bucket, the fewer traces are kept, the same in every replica. */
import type { Clock } from "../clock.ts";
import { thresholdOf } from "./threshold.ts";

export interface Rate {
  /** What a trace's randomness must reach now. */
  threshold(): string;
  /** Spans that are kept. */
  take(spans: number): void;
}

/** A trace that was kept goes on being kept, whatever it takes; but no longer than this is nothing else. */
const longestDebtMs = 60_000;

/**
 * A token bucket. While it is at least half full everything is kept; below, the share of traces is what is left of that
 * half, and settles where what is kept is what flows in. So it is known with which probability each trace was kept.
 */
export function createRate(spansPerSecond: number, burst: number, clock: Clock): Rate {
  let tokens = burst;
  let atMs = clock.now();
  const refill = (): void => {
    const nowMs = clock.now();
    tokens = Math.min(burst, tokens + (Math.max(0, nowMs - atMs) * spansPerSecond) / 1_000);
    atMs = nowMs;
  };
  return {
    threshold() {
      refill();
      return thresholdOf((2 * tokens) / burst);
    },
    take(spans) {
      tokens = Math.max(tokens - spans, (-longestDebtMs * spansPerSecond) / 1_000);
    },
  };
}
