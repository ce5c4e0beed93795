/** The end of a destination behind its queue: deliver, retry, forward. */
import type { Batch } from "@tracemend/otlp";
import type { Clock } from "./clock.ts";
import type { Destination } from "./destination.ts";
import type { Log } from "./event.ts";
import { forwardGrpc } from "./forward/grpc.ts";
import { forwardHttp } from "./forward/http.ts";
import type { Account, DropReason } from "./ledger.ts";
import { createReachability } from "./reachability.ts";
import type { Reachability } from "./reachability.ts";
import { createFailover } from "./regions-failover.ts";
import type { Failover, FailoverTarget } from "./regions-failover.ts";
import type { Residency } from "./regions.ts";
import { pipeline } from "./stage.ts";
import type { Sink } from "./stage.ts";
import { deliver } from "./stages/deliver.ts";
import { retry } from "./stages/retry.ts";

export interface EndOptions {
  readonly destination: Destination;
  readonly account: Account;
  readonly dropped: (batch: Batch, reason: DropReason) => void;
  readonly refusedByPeer: (batch: Batch, items: number, message: string) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly residency: Residency;
}

/** Settles on the account what it is given; the reachability is that of what lies behind. */
export interface End {
  readonly sink: Sink;
  readonly reachability: Pick<Reachability, "reachable" | "lastFailure">;
}

export function createEnd(options: EndOptions): End {
  const { destination, clock, random, account, dropped, refusedByPeer } = options;
  const { maxConcurrent } = destination;
  const { sink: last, reachability } = createForward(options);
  const sink = pipeline(
    deliver({ maxConcurrent, account, dropped, refusedByPeer }),
    retry({ ...destination.retry, connection: reachability, clock, random }),
    last,
  );
  return { sink, reachability };
}

function createForward(options: EndOptions): Pick<Failover, "sink" | "reachability"> {
  const { destination, residency, clock, log } = options;
  const { name } = destination;
  const told = (reachable: boolean, message: string): void =>
    log({ kind: reachable ? "reachable" : "unreachable", destination: name, message });
  if (destination.failover === undefined) return createTarget(options, destination, told);
  const { targets, afterMs } = destination.failover;
  const failover = createFailover({
    first: createTarget(options, destination, (reachable, message) => {
      told(reachable, message);
      failover.changed();
    }),
    others: targets.map((target) => {
      const own = createTarget(options, target, () => failover.changed());
      return { ...own, sink: residency.guard(target.region)(own.sink) };
    }),
    afterMs,
    clock,
    switched: ({ origin, region }) => log({ kind: "failover", destination: name, endpoint: origin, region }),
  });
  return failover;
}

function createTarget(
  { clock, random }: EndOptions,
  destination: Destination,
  changed: (reachable: boolean, message: string) => void,
): FailoverTarget {
  const { origin, region } = destination;
  const forward = destination.protocol === "grpc" ? forwardGrpc : forwardHttp;
  const reachability = createReachability(clock, changed);
  const sink = forward({ destination, reachability, clock, random });
  return { origin, region, reachability, sink };
}
