/** Spreads batches over peers: spans to the owner of their trace, asked for at every attempt; only what failed goes again. */
import { isDivisible, mergeBatches, shardByTrace } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import type { Clock } from "../clock.ts";
import type { Destination } from "../destination.ts";
import type { Account, DropReason } from "../ledger.ts";
import { createMemory, hold, release } from "../memory.ts";
import { accepted, busy } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import { deliver } from "../stages/deliver.ts";
import type { Peer, Peers } from "./peers.ts";

export interface BalanceSinkOptions {
  readonly peers: Peers;
  readonly retry: Destination["retry"];
  readonly account: Account;
  readonly dropped: (batch: Batch, reason: DropReason) => void;
  readonly refusedByPeer: (batch: Batch, items: number, message: string) => void;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Of memory for shards so much is kept to be used again. */
const keptBytes = 16 * 1024 * 1024;

/** So long an attempt waits for the connection to its peer. */
const connectGraceMs = 1_000;

/** How long a batch may still be tried, and how long it waits before the next time. */
interface Patience {
  readonly untilMs: number;
  readonly intervalMs: number;
}

/** What an attempt left over, and when the peer wants to see it again. */
interface Remainder {
  readonly left: readonly Batch[];
  readonly retryAfterMs: number;
}

/** Stands where deliver, retry and forward stand for a destination of one peer, and keeps the ledger as they do. */
export function balance(options: BalanceSinkOptions): Sink {
  const { peers, retry, clock, random, account } = options;
  const attempts = returnUndelivered(account);
  const memory = createMemory(keptBytes);
  let turn = 0;

  const shard = (batch: Batch, allocate: (bytes: number) => Uint8Array): readonly (readonly [Peer, Batch])[] => {
    const { ring } = peers;
    const count = ring.peers.length;
    if (count === 0) return [];
    if (batch.signal === "traces" && batch.items > 0) {
      const shards = shardByTrace(batch, { count, shardOf: ring.ownerOf, allocate });
      return Array.from(shards, ([index, piece]) => [ring.peers[index] as Peer, piece]);
    }
    turn = (turn + 1) % count;
    return [[ring.peers[turn] as Peer, batch]];
  };

  const giveUp = (left: readonly Batch[], reason: DropReason): Outcome => {
    for (const batch of left) {
      account.settled("queued", batch.signal, batch.items, { dropped: reason });
      options.dropped(batch, reason);
    }
    return busy(0);
  };

  const send = async (batch: Batch, patience: Patience, signal: AbortSignal): Promise<Outcome> => {
    const taken: Uint8Array[] = [];
    const allocate = (bytes: number): Uint8Array => {
      taken.push(memory.take(bytes));
      hold(taken);
      return taken[0] as Uint8Array;
    };
    const shards = shard(batch, allocate);
    if (shards.length === 0) {
      return again(untried(batch), patience, signal, () => peers.ring.peers.length === 0);
    }
    const outcomes = await Promise.all(shards.map(([peer, piece]) => sendTo(peer, piece, patience, signal)));
    release(taken);
    return worst(outcomes);
  };

  const sendTo = async (peer: Peer, batch: Batch, patience: Patience, signal: AbortSignal): Promise<Outcome> => {
    const remainder = (await isThere(peer, signal)) ? await attempt(peer, batch, signal) : untried(batch);
    if (remainder.left.length === 0) return accepted;
    // A peer that comes back is tried at once; one that leaves the ring leaves what waits for it to others.
    const { connected } = peer.reachability;
    return again(remainder, patience, signal, () => isMember(peer) && (connected || !peer.reachability.connected));
  };

  /** A connection that is only just being made is no failure; one that is not made in time is. */
  const isThere = async (peer: Peer, signal: AbortSignal): Promise<boolean> => {
    const { reachability } = peer;
    if (reachability.connected) return true;
    await peers.wait(connectGraceMs, signal, () => isMember(peer) && !reachability.connected);
    if (!reachability.connected && !signal.aborted) peers.judge(peer, false);
    return reachability.connected;
  };

  const isMember = (peer: Peer): boolean => peers.ring.peers.includes(peer);

  const again = async (
    { left, retryAfterMs }: Remainder,
    patience: Patience,
    signal: AbortSignal,
    isWorthWaiting: () => boolean,
  ): Promise<Outcome> => {
    const { randomizationFactor, multiplier, maxIntervalMs } = retry;
    const jittered = patience.intervalMs * (1 - randomizationFactor + 2 * randomizationFactor * random());
    const waitMs = Math.max(jittered, retryAfterMs);
    if (!signal.aborted && clock.now() + waitMs <= patience.untilMs) {
      await peers.wait(waitMs, signal, isWorthWaiting);
    } else if (!signal.aborted) return giveUp(left, "retry-expired");
    if (signal.aborted) return giveUp(left, "shutdown");
    const next = { ...patience, intervalMs: Math.min(patience.intervalMs * multiplier, maxIntervalMs) };
    const [first] = left;
    const pieces = first !== undefined && isDivisible(first.signal) ? [mergeBatches(left)] : left;
    return worst(await Promise.all(pieces.map((piece) => send(piece, next, signal))));
  };

  /** One attempt at everything in the batch; what is refused for a reason is taken apart and settled by `deliver`. */
  const attempt = async (peer: Peer, batch: Batch, signal: AbortSignal): Promise<Remainder> => {
    if (!(await peer.turns.take(signal))) return untried(batch);
    const left: Batch[] = [];
    let retryAfterMs = 0;
    const stop = AbortSignal.any([signal, peer.gone.signal]);
    const once: Sink = {
      async accept(piece) {
        const outcome = await peer.sink.accept(piece, stop);
        if (outcome.kind === "busy") retryAfterMs = Math.max(retryAfterMs, outcome.retryAfterMs);
        if (!stop.aborted) peers.judge(peer, outcome.kind !== "busy" || peer.reachability.reachable);
        return outcome;
      },
      close: () => Promise.resolve(),
    };
    const { refusedByPeer } = options;
    const dropped = (piece: Batch): void => void left.push(piece);
    peer.attempts.begin();
    await deliver({ maxConcurrent: 1, account: attempts, dropped, refusedByPeer })(once).accept(batch, stop);
    peer.attempts.end();
    peer.turns.done();
    return { left, retryAfterMs };
  };

  return {
    accept(batch, signal) {
      const untilMs = retry.maxElapsedTimeMs === 0 ? Infinity : clock.now() + retry.maxElapsedTimeMs;
      return send(batch, { untilMs, intervalMs: retry.initialIntervalMs }, signal);
    },
    close: (signal) => peers.close(signal),
  };
}

function untried(batch: Batch): Remainder {
  return { left: [batch], retryAfterMs: 0 };
}

/** What one attempt did not deliver is no loss yet: it is queued again. */
function returnUndelivered(account: Account): Account {
  return {
    ...account,
    settled(from, signal, items, fate) {
      if (typeof fate === "string") account.settled(from, signal, items, fate);
      else if (from === "inFlight") account.unsent(signal, items);
    },
  };
}

function worst(outcomes: readonly Outcome[]): Outcome {
  return outcomes.find((outcome) => outcome.kind !== "accepted") ?? accepted;
}
