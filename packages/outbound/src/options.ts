/** What a user says of a service's outgoing calls, complete and checked. */
import type { Boundary, Repair, TraceContext } from "@tracemend/context";
import type { CallObserver } from "./call.ts";
import type { Levels } from "./judge-call.ts";
import type { Targets } from "./targets.ts";
import { defineTargets } from "./targets.ts";

export interface OutboundOptions {
  /** How the requests that come in are read: trust, repairs, carrier. Usually of side `ingress`. */
  readonly boundary: Boundary;
  /** Hosts that may see the context: `orders`, `orders:8080`, `*.shop.internal`, `10.0.0.0/8`, `*`. */
  readonly targets: readonly string[];
  /** Whether a call that lost the context gets it. Default `on`. */
  readonly carry?: Repair;
  /** Whether trace fields are removed from calls to any other target. Default `on`. */
  readonly withhold?: Repair;
  /** Whether every `node:http` and `node:http2` server of the process is read. Default true; else see `handle`. */
  readonly servers?: boolean;
  /** The context of the span that is active, in a service with an SDK: it is carried instead of the request's. */
  readonly current?: () => TraceContext | undefined;
  readonly observer?: CallObserver;
  /** Whether a noticed call says which line of code made it; costs a stack trace for each. Default false. */
  readonly locate?: boolean;
  /** For how long after its answer a request's context still goes on to calls made for it. Default 60,000. */
  readonly afterAnswerMs?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export interface Settings extends Levels {
  readonly boundary: Boundary;
  readonly allows: Targets;
  readonly servers: boolean;
  readonly current: (() => TraceContext | undefined) | undefined;
  readonly observer: CallObserver | undefined;
  readonly locate: boolean;
  readonly afterAnswerMs: number;
  readonly now: () => number;
}

/** Throws a `TypeError` that names the option and the value. */
export function completeOptions(options: OutboundOptions): Settings {
  const { carry = "on", withhold = "on", afterAnswerMs = 60_000 } = options;
  checkLevel("carry", carry);
  checkLevel("withhold", withhold);
  if (!Number.isFinite(afterAnswerMs) || afterAnswerMs < 0)
    throw new TypeError(`afterAnswerMs is ${afterAnswerMs}; it must be a number of milliseconds, at least 0`);
  return {
    boundary: options.boundary,
    allows: defineTargets(options.targets),
    carry,
    withhold,
    servers: options.servers ?? true,
    current: options.current,
    observer: options.observer,
    locate: options.locate ?? false,
    afterAnswerMs,
    now: options.now ?? Date.now,
  };
}

function checkLevel(option: string, value: unknown): void {
  if (value !== "off" && value !== "report" && value !== "on")
    throw new TypeError(`${option} is ${JSON.stringify(value)}; it must be one of off, report, on`);
}
