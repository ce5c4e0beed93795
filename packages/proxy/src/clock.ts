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

/** About 24.8 days: a timer of setTimeout with a longer time runs at once. */
const LONGEST_MS = 2_147_483_647;

/** Its timers keep no process alive: what they are for, a listener or a connection, does. */
export const systemClock: Clock = {
  now,
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_MS)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
