/** Whether a destination can be reached right now, known before a request has to ask. */
import type { Clock } from "./clock.ts";

export interface Reachability {
  /** There is a connection, and the last send did not fail for want of a peer. */
  readonly reachable: boolean;
  readonly connected: boolean;
  readonly lastFailure: string | undefined;
  /** A connection was made. */
  up(): void;
  /** The connection was lost, or could not be made. */
  down(message: string): void;
  /** A send was answered by a living peer, whatever the answer. */
  answered(): void;
  /** A send got no answer, or the answer that there is nobody behind, or nobody who would take anything of ours. */
  failing(message: string): void;
  /** Resolves when connected, or when the signal aborts. */
  whenConnected(signal: AbortSignal): Promise<void>;
}

/** After this long a failed send says nothing any more, and the next one may try. */
const failureHoldsMs = 30_000;

export function createReachability(clock: Clock, changed: (reachable: boolean, message: string) => void): Reachability {
  const waiting = new Set<() => void>();
  let connected = false;
  let failingUntilMs = 0;
  let lastFailure: string | undefined;
  // Nothing at first: of a peer that never was there somebody must be told too.
  let told: boolean | undefined;

  const isReachable = (): boolean => connected && (failingUntilMs === 0 || clock.now() >= failingUntilMs);
  const tell = (message: string): void => {
    const reachable = isReachable();
    if (reachable === told) return;
    told = reachable;
    changed(reachable, message);
  };

  return {
    get reachable() {
      return isReachable();
    },
    get connected() {
      return connected;
    },
    get lastFailure() {
      return lastFailure;
    },
    up() {
      connected = true;
      failingUntilMs = 0;
      for (const wake of waiting) wake();
      tell("connected");
    },
    down(message) {
      connected = false;
      lastFailure = message;
      tell(message);
    },
    answered() {
      failingUntilMs = 0;
      tell("answered");
    },
    failing(message) {
      failingUntilMs = clock.now() + failureHoldsMs;
      lastFailure = message;
      tell(message);
    },
    whenConnected(signal) {
      if (connected || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    },
  };
}
