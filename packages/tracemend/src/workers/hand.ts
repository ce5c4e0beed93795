/** One worker as the program knows it: its process, what it is told and what it answers. */
import cluster from "node:cluster";
import { ConfigError } from "../config-file.ts";
import { moduleBeside } from "../module-beside.ts";
import type {
  BoundaryRefusals,
  BoundaryUpstreams,
  FromWorker,
  Handover,
  Job,
  OpenedListener,
  ToWorker,
} from "./message.ts";
import type { Tenancy } from "./tenancy.ts";

export interface Hand {
  readonly pid: number;
  readonly tenancy: Tenancy;
  readonly startedMs: number;
  /** Ends without being told to, in a row, of it and those in its place before. */
  readonly failures: number;
  ready: boolean;
  crossings: number;
  upstreams: readonly BoundaryUpstreams[];
  refusals: readonly BoundaryRefusals[];
  /** Gives the listeners that were opened; rejects where the worker cannot do it, or ends. One at a time. */
  apply(job: Job): Promise<readonly OpenedListener[]>;
  send(message: ToWorker): void;
  kill(): void;
}

export interface HandEvents {
  readonly heard: (hand: Hand, handover: Handover) => void;
  /** After the last thing that it said. */
  readonly gone: (hand: Hand, how: string) => void;
  /** The endpoints of a service could not be found out. */
  readonly lost: (service: string, reason: string) => void;
}

const WORKER = moduleBeside(import.meta.url, "worker");

export function hire(tenancy: Tenancy, failures: number, { heard, gone, lost }: HandEvents): Hand {
  // The kernel gives a connection to whichever process asks first: none is ever between two, so that a worker that dies
  // takes no other's along. Round robin would hand each one over, and lose those that are on their way.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: WORKER, args: [], serialization: "advanced" });
  const worker = cluster.fork();
  let answer: PromiseWithResolvers<readonly OpenedListener[]> | undefined;
  const hand: Hand = {
    pid: worker.process.pid ?? 0,
    tenancy,
    startedMs: Date.now(),
    failures,
    ready: false,
    crossings: 0,
    upstreams: [],
    refusals: [],
    apply(job) {
      answer = Promise.withResolvers();
      hand.send({ kind: "apply", ...job });
      return answer.promise;
    },
    send(message) {
      // A worker whose end was not told yet takes nothing any more.
      if (worker.isConnected()) worker.send(message, ignore);
    },
    kill: () => void worker.process.kill("SIGKILL"),
  };
  worker.on("message", (message: FromWorker) => {
    switch (message.kind) {
      case "applied":
        return answer?.resolve(message.listeners);
      case "refused":
        return answer?.reject(message.misconfigured ? new ConfigError(message.message) : new Error(message.message));
      case "state":
        hand.upstreams = message.upstreams;
        hand.refusals = message.refusals;
        return;
      case "endpoints":
        return lost(message.service, message.reason);
      case "handover":
        return heard(hand, message);
    }
  });
  worker.on("error", ignore);
  // What it said before it ended can come after the news of its end.
  let how: string | undefined;
  const over = (): void => {
    if (how === undefined || worker.isConnected()) return;
    answer?.reject(new Error(`the worker ended with ${how}`));
    gone(hand, how);
  };
  worker.once("exit", (code, signal) => {
    how = signal || `code ${code}`;
    over();
  });
  worker.once("disconnect", over);
  return hand;
}

function ignore(): void {
  // Its end is told by itself.
}
