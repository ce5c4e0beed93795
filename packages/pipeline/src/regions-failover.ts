/** Sends elsewhere while the first choice is gone, below the queue, where its going is seen; and back once it returns. */
import type { Clock, Timer } from "./clock.ts";
import type { Reachability } from "./reachability.ts";
import type { Sink } from "./stage.ts";

export interface FailoverTarget {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly region: string | undefined;
  readonly reachability: Reachability;
  readonly sink: Sink;
}

export interface FailoverOptions {
  readonly first: FailoverTarget;
  /** In order of preference. */
  readonly others: readonly FailoverTarget[];
  /** The first must have been gone so long. */
  readonly afterMs: number;
  readonly clock: Clock;
  /** Batches go to another target than before. */
  readonly switched: (target: FailoverTarget) => void;
}

export interface Failover {
  readonly sink: Sink;
  readonly reachability: Pick<Reachability, "reachable" | "lastFailure" | "connected" | "whenConnected">;
  /** To be called when a target becomes reachable, or ceases to be. */
  changed(): void;
}

export function createFailover({ first, others, afterMs, clock, switched }: FailoverOptions): Failover {
  const targets = [first, ...others];
  const waiting = new Set<() => void>();
  let goneSinceMs: number | undefined = clock.now();
  let timer: Timer | undefined;
  let current = first;

  const isOverdue = (): boolean => goneSinceMs !== undefined && clock.now() - goneSinceMs >= afterMs;

  const choose = (): FailoverTarget => {
    if (first.reachability.reachable || !isOverdue()) return first;
    return others.find((target) => target.reachability.reachable) ?? first;
  };

  const isConnected = (): boolean =>
    first.reachability.connected || (isOverdue() && others.some((target) => target.reachability.connected));

  const wake = (): void => {
    if (!isConnected()) return;
    for (const resolve of waiting) resolve();
  };

  const startWaiting = (): void => {
    timer = clock.after(afterMs, wake);
  };

  startWaiting();
  return {
    sink: {
      accept(batch, signal) {
        const target = choose();
        if (target !== current) switched((current = target));
        return target.sink.accept(batch, signal);
      },
      async close(signal) {
        timer?.cancel();
        await Promise.all(targets.map((target) => target.sink.close(signal)));
      },
    },
    reachability: {
      get reachable() {
        return choose().reachability.reachable;
      },
      get lastFailure() {
        return current.reachability.lastFailure;
      },
      get connected() {
        return isConnected();
      },
      whenConnected(signal) {
        if (isConnected() || signal.aborted) return Promise.resolve();
        return new Promise((resolve) => {
          const end = (): void => {
            waiting.delete(end);
            signal.removeEventListener("abort", end);
            resolve();
          };
          waiting.add(end);
          signal.addEventListener("abort", end);
        });
      },
    },
    changed() {
      if (first.reachability.reachable) {
        goneSinceMs = undefined;
        timer?.cancel();
      } else if (goneSinceMs === undefined) {
        goneSinceMs = clock.now();
        startWaiting();
      }
      wake();
    },
  };
}
