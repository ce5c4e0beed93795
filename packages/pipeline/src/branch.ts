/** One destination with everything of its own: queue, batch, deliver, retry, forward. Nothing here is shared. */
import type { Batch, Signal } from "@tracemend/otlp";
import type { Clock } from "./clock.ts";
import type { Destination } from "./destination.ts";
import type { Log } from "./event.ts";
import { forwardGrpc } from "./forward/grpc.ts";
import { forwardHttp } from "./forward/http.ts";
import type { Account, DropReason } from "./ledger.ts";
import { createReachability } from "./reachability.ts";
import type { Reachability } from "./reachability.ts";
import { pipeline } from "./stage.ts";
import { batch } from "./stages/batch.ts";
import type { FlushTrigger } from "./stages/batch.ts";
import { deliver } from "./stages/deliver.ts";
import { createQueue } from "./stages/queue.ts";
import type { Queue } from "./stages/queue.ts";
import { redact } from "./stages/redact.ts";
import { retry } from "./stages/retry.ts";

export interface DestinationBranch {
  readonly destination: Destination;
  readonly signals: readonly Signal[];
  readonly account: Account;
  readonly reachability: Reachability;
  readonly sink: Queue;
  readonly lost: (batch: Batch, reason: DropReason) => void;
  /** How many batches left for which reason. */
  readonly flushes: Readonly<Record<FlushTrigger, number>>;
  /** By how much batches sent for their age were late, all together: what a busy event loop costs. */
  readonly lateness: Readonly<{ totalMs: number }>;
}

export interface Surroundings {
  readonly account: Account;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** As many requests to one destination are under way at once. */
const maxConcurrent = 10;

export function createBranch(destination: Destination, surroundings: Surroundings): DestinationBranch {
  const { account, clock, random, log } = surroundings;
  const { name } = destination;
  const flushes: Record<FlushTrigger, number> = { size: 0, timeout: 0, close: 0 };
  const lateness = { totalMs: 0 };
  const flushed = (trigger: FlushTrigger, latenessMs: number): void => {
    flushes[trigger] += 1;
    lateness.totalMs += latenessMs;
  };
  const reachability = createReachability(clock, (reachable, message) =>
    log({ kind: reachable ? "reachable" : "unreachable", destination: name, message }),
  );
  const forward = destination.protocol === "grpc" ? forwardGrpc : forwardHttp;

  const dropped = ({ signal, items }: Batch, reason: DropReason): void =>
    log({ kind: "dropped", destination: name, signal, items, reason });
  const lost = (batch: Batch, reason: DropReason): void => {
    account.lost(batch.signal, batch.items, reason);
    dropped(batch, reason);
  };

  const delivery = pipeline(
    redact({ policy: destination.redact, redacted: () => {} }),
    batch({ ...destination.batch, clock, flushed }),
    deliver({
      maxConcurrent,
      account,
      dropped,
      refusedByPeer: ({ signal }: Batch, items, message) =>
        log({ kind: "refused-by-peer", destination: name, signal, items, message }),
    }),
    retry({ ...destination.retry, connection: reachability, clock, random }),
    forward({ destination, reachability, clock, random }),
  );
  const sink = createQueue({ ...destination.queue, account, clock, random, lost }, delivery);
  return { destination, signals: destination.signals, account, reachability, sink, lost, flushes, lateness };
}
