/** Time and timers, injected so that tests own them. */

export interface Clock {
  /** Epoch milliseconds, fractions allowed. */
  now(): number;
  after(ms: number, run: () => void): { cancel(): void };
}

const ANCHOR_MS = 60_000;

let anchor = 0;
let anchoredAt = Number.NEGATIVE_INFINITY;

/** `Date.now` counts whole milliseconds, `performance.now` does not follow the corrections of the wall clock. */
function now(): number {
  const fine = performance.now();
  if (fine - anchoredAt > ANCHOR_MS) {
    anchoredAt = fine;
    anchor = Date.now() - fine;
  }
  return anchor + fine;
}

export const systemClock: Clock = {
  now,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};
