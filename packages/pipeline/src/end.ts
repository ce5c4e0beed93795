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
}

/** Settles on the account what it is given; the reachability is that of what lies behind. */
export interface End {
  readonly sink: Sink;
  readonly reachability: Pick<Reachability, "reachable" | "lastFailure">;
}

export function createEnd(options: EndOptions): End {
  const { destination, clock, random, log, account, dropped, refusedByPeer } = options;
  const { name, maxConcurrent } = destination;
  const reachability = createReachability(clock, (reachable, message) =>
    log({ kind: reachable ? "reachable" : "unreachable", destination: name, message }),
  );
  const forward = destination.protocol === "grpc" ? forwardGrpc : forwardHttp;
  const sink = pipeline(
    deliver({ maxConcurrent, account, dropped, refusedByPeer }),
    retry({ ...destination.retry, connection: reachability, clock, random }),
    forward({ destination, reachability, clock, random }),
  );
  return { sink, reachability };
}
