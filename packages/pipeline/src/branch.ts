/** One destination with everything of its own: queue, batch, deliver, retry, forward. Nothing here is shared. */
import type { Batch, Signal } from "@tracemend/otlp";
import { createBalanced } from "./balance/destination.ts";
import { messageOf } from "./cause.ts";
import type { Clock } from "./clock.ts";
import type { Destination } from "./destination.ts";
import type { Log } from "./event.ts";
import { createEnd } from "./end.ts";
import type { EndOptions } from "./end.ts";
import type { Account, DropReason } from "./ledger.ts";
import { keepOnShutdown } from "./disk/account.ts";
import { createDiskQueue } from "./disk/disk-queue.ts";
import type { Reachability } from "./reachability.ts";
import { guardQueue } from "./regions.ts";
import type { Residency } from "./regions.ts";
import { createSampler } from "./sample/sample.ts";
import type { Sampler } from "./sample/sample.ts";
import { pipeline } from "./stage.ts";
import type { Sink } from "./stage.ts";
import { batch } from "./stages/batch.ts";
import type { FlushTrigger } from "./stages/batch.ts";
import { hold } from "./stages/hold.ts";
import { createMeasure } from "./stages/measure.ts";
import type { BatchSizes } from "./stages/measure.ts";
import { createQueue } from "./stages/queue.ts";
import type { Queue } from "./stages/queue.ts";
import { redact } from "./stages/redact.ts";
import { rewrite } from "./stages/rewrite.ts";
import type { RewriteOptions } from "./stages/rewrite.ts";

export interface DestinationBranch {
  readonly destination: Destination;
  readonly signals: readonly Signal[];
  readonly account: Account;
  readonly reachability: Pick<Reachability, "reachable" | "lastFailure">;
  readonly sink: Queue;
  readonly lost: (batch: Batch, reason: DropReason) => void;
  readonly sampler: Sampler;
  readonly sizes: () => BatchSizes;
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
  readonly residency: Residency;
  /** Undefined where no span is ever changed. */
  readonly repairing:
    | (RewriteOptions & { readonly holdMs: number; readonly early: (spans: number) => void })
    | undefined;
}

export function createBranch(destination: Destination, surroundings: Surroundings): DestinationBranch {
  const { account, clock, random, log, residency, repairing } = surroundings;
  const { name } = destination;
  const flushes: Record<FlushTrigger, number> = { size: 0, timeout: 0, close: 0 };
  const lateness = { totalMs: 0 };
  const flushed = (trigger: FlushTrigger, latenessMs: number): void => {
    flushes[trigger] += 1;
    lateness.totalMs += latenessMs;
  };
  const dropped = ({ signal, items }: Pick<Batch, "signal" | "items">, reason: DropReason): void =>
    log({ kind: "dropped", destination: name, signal, items, reason });
  const lost = (batch: Batch, reason: DropReason): void => {
    const why = reason === "queue-full" && disk?.failing === true ? "disk-full" : reason;
    account.lost(batch.signal, batch.items, why);
    dropped(batch, why);
  };
  const failed = (message: string): void => log({ kind: "disk-failing", destination: name, message });
  const { storage } = destination.queue;

  const ending: EndOptions = {
    destination,
    // What closing cuts off stays on disk.
    account: storage === undefined ? account : keepOnShutdown(account),
    dropped: (batch, reason) => {
      if (storage === undefined || reason !== "shutdown") dropped(batch, reason);
    },
    refusedByPeer: ({ signal }, items, message) =>
      log({ kind: "refused-by-peer", destination: name, signal, items, message }),
    clock,
    random,
    log,
    residency,
  };
  const { balance } = destination;
  const end = balance === undefined ? createEnd(ending) : createBalanced({ ...ending, balance });
  const measure = createMeasure();
  const sampler = createSampler(
    destination.sample,
    account,
    clock,
    pipeline(
      redact({ policy: destination.redact }),
      batch({ ...destination.batch, clock, flushed }),
      measure.stage,
      end.sink,
    ),
  );
  const { maxBytes } = destination.queue;
  // A quarter: the disk queue has half of it under way at most, and must not wait for what is held.
  const repaired = repairing && [hold({ ...repairing, maxBytes: maxBytes / 4, clock }), rewrite(repairing)];
  // After the repairs: a trace is kept or left out under the id it leaves with.
  const delivery = pipeline(...(repaired ?? []), sampler.sink);
  const disk =
    storage &&
    orClose(name, delivery, () => createDiskQueue({ maxBytes, storage, account, clock, dropped, failed }, delivery));
  if (disk !== undefined && disk.recovered.items + disk.recovered.tornBytes > 0) {
    log({ kind: "disk-recovered", destination: name, ...disk.recovered });
  }
  const queue = disk ?? createQueue({ maxBytes, account, clock, random, lost }, delivery);
  const sink = guardQueue(residency.guard(destination.region), queue, lost);
  return {
    destination,
    signals: destination.signals,
    account,
    reachability: end.reachability,
    sink,
    lost,
    sampler,
    sizes: measure.sizes,
    flushes,
    lateness,
  };
}

/** The folder of a queue may not be usable, and by then what lies behind the queue is connecting. */
function orClose<Made>(name: string, behind: Sink, make: () => Made): Made {
  try {
    return make();
  } catch (cause) {
    void behind.close(AbortSignal.abort());
    throw new Error(`destination ${name}: queue.storage.folder: ${messageOf(cause)}`, { cause });
  }
}
