/** Gives a batch to every destination of its signal; none waits for another, and the sender gets one answer. */
import type { Batch, Signal } from "@tracemend/otlp";
import type { Account, DropReason } from "../ledger.ts";
import { accepted, refused } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Sink } from "../stage.ts";

export interface Branch {
  readonly signals: readonly Signal[];
  readonly account: Account;
  readonly sink: Sink;
  /** Counts and tells a batch that this branch could not take although another did. */
  readonly lost: (batch: Batch, reason: DropReason) => void;
}

/**
 * The branches hold the same immutable bytes. When one took the batch, the sender is told `accepted`, because sending it
 * again would duplicate it there; what the other branches could not take is a counted loss.
 */
export function fanOut(branches: readonly Branch[]): Sink {
  const routes = new Map<Signal, readonly Branch[]>();
  for (const signal of ["traces", "metrics", "logs", "profiles"] as const) {
    routes.set(
      signal,
      branches.filter((branch) => branch.signals.includes(signal)),
    );
  }
  return {
    async accept(batch, signal) {
      const route = routes.get(batch.signal) ?? [];
      const outcomes = await Promise.all(route.map((branch) => branch.sink.accept(batch, signal)));
      return answer(batch, route, outcomes);
    },
    async close(signal) {
      await Promise.all(branches.map((branch) => branch.sink.close(signal)));
    },
  };
}

function answer(batch: Batch, route: readonly Branch[], outcomes: readonly Outcome[]): Outcome {
  const taken = outcomes.some(isTaken);
  let told: Outcome = taken ? accepted : refused(`no destination takes ${batch.signal}`);
  for (const [index, outcome] of outcomes.entries()) {
    if (isTaken(outcome)) continue;
    const branch = route[index] as Branch;
    if (taken) branch.lost(batch, outcome.kind === "busy" ? "queue-full" : "too-large");
    else {
      branch.account.turnedAway(batch.signal, batch.items);
      told = moreHopeful(told, outcome);
    }
  }
  return told;
}

/** One destination that will have room is reason enough to come back, and the longest wait is the one that helps. */
function moreHopeful(one: Outcome, other: Outcome): Outcome {
  if (one.kind !== "busy") return other;
  return other.kind === "busy" && other.retryAfterMs > one.retryAfterMs ? other : one;
}

function isTaken(outcome: Outcome): boolean {
  return outcome.kind === "accepted" || outcome.kind === "partial";
}
