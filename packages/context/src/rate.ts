/** How many requests a second may have what they ask for: a bucket of tokens that fills with time. */

export interface Rate {
  /** Whether there was a token, and took it. */
  take(): boolean;
}

/** The bucket holds one second's worth, at least one token. A clock that steps back adds nothing. */
export function createRate(perSecond: number, now: () => number): Rate {
  const capacity = Math.max(1, perSecond);
  let tokens = capacity;
  let filledMs = now();
  return {
    take() {
      const nowMs = now();
      const elapsedMs = Math.max(0, nowMs - filledMs);
      tokens = Math.min(capacity, tokens + (elapsedMs * perSecond) / 1000);
      filledMs = nowMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
