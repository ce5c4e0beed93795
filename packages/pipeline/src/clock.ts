/** Time and timers, injected everywhere so that nothing in a test has to wait. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `run` once, after `ms` milliseconds unless cancelled. */
  after(ms: number, run: () => void): Timer;
}

/** About 24.8 days: a timer of setTimeout with a longer time runs at once. */
const longestMs = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, longestMs));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `ms`, or as soon as `signal` aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      timer.cancel();
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = clock.after(ms, wake);
    signal.addEventListener("abort", wake);
  });
}

export interface Deadline {
  /** Aborts at the deadline or with the outer signal, whichever is first. */
  readonly signal: AbortSignal;
  /** Frees the timer and the listener; to be called when the work is done. */
  clear(): void;
}

/** An abort signal that also fires after `ms`; 0 means that there is no deadline. */
export function createDeadline(clock: Clock, ms: number, outer: AbortSignal): Deadline {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = ms === 0 ? undefined : clock.after(ms, abort);
  if (outer.aborted) abort();
  else outer.addEventListener("abort", abort);
  return {
    signal: controller.signal,
    clear() {
      timer?.cancel();
      outer.removeEventListener("abort", abort);
    },
  };
}
