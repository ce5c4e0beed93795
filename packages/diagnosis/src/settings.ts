/** The options of a diagnosis, completed and checked once. */
import type { Repair } from "@tracemend/context";
import type { Pair } from "./paired.ts";
import type { Gateway } from "./remedies/gateway.ts";
import type { RepairDecision } from "./repair.ts";

export interface DiagnosisOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** For the records of requests and spans; the default is 32 MiB. At least 64 KiB. */
  readonly maxBytes?: number;
  /** After this a request no longer waits for its span; the default is 60 000. */
  readonly hardWaitMs?: number;
  /** How long after its end a span may arrive from an instance that too little is known of; the default is 10 000. */
  readonly settleMs?: number;
  /** What counts and shares are taken over; the default is 600 000. */
  readonly windowMs?: number;
  /** The `service.name` behind an upstream, where it is not the upstream's own name. Else it is learned from answers. */
  readonly upstreamServices?: Readonly<Record<string, string>>;
  /** What stands on a hop, by the cluster or address before us or the upstream behind us: its configuration is the remedy. */
  readonly gateways?: Readonly<Record<string, Gateway>>;
  /** Whether repairs of spans are decided: for show (`report`) or to be applied (`on`); the default is `off`. */
  readonly repair?: Repair;
  /**
   * Whether traces that a service began anew are moved into the one they belong to; the default is `off`. Only where an
   * exact join names the request, and no request of the trace crossed a boundary here.
   */
  readonly moveTraces?: Repair;
  /** Told each decision once, at the end of the tick that made it; what it throws reaches the caller of `tick`. */
  readonly decided?: (decision: RepairDecision) => void;
  /** Told each pair of a request and a root span once, like decisions. */
  readonly paired?: (pair: Pair) => void;
  /** Starts the hashes; a number that callers cannot know makes ids that collide by intent useless to them. */
  readonly seed?: number;
}

export interface Settings {
  readonly now: () => number;
  readonly maxBytes: number;
  readonly hardWaitMs: number;
  readonly settleMs: number;
  readonly windowMs: number;
  readonly upstreamServices: ReadonlyMap<string, string>;
  readonly gateways: ReadonlyMap<string, Gateway>;
  readonly repair: Repair;
  readonly moveTraces: Repair;
  readonly decided: ((decision: RepairDecision) => void) | undefined;
  readonly paired: ((pair: Pair) => void) | undefined;
  readonly seed: number;
}

const REPAIRS: readonly Repair[] = ["off", "report", "on"];

const LEAST_BYTES = 64 * 1024;

/** Throws a `TypeError` that names the option and the value. */
export function defineSettings(options: DiagnosisOptions): Settings {
  const {
    maxBytes = 32 * 1024 * 1024,
    hardWaitMs = 60_000,
    settleMs = 10_000,
    windowMs = 600_000,
    repair = "off",
    moveTraces = "off",
    decided,
    seed = 0,
  } = options;
  if (!(maxBytes >= LEAST_BYTES)) throw wrong("maxBytes", maxBytes, `at least ${LEAST_BYTES}`);
  if (!(hardWaitMs > 0)) throw wrong("hardWaitMs", hardWaitMs, "above 0");
  if (!(settleMs >= 0 && settleMs <= hardWaitMs)) throw wrong("settleMs", settleMs, "0 to hardWaitMs");
  if (!(windowMs >= hardWaitMs)) throw wrong("windowMs", windowMs, "at least hardWaitMs");
  for (const [option, value] of Object.entries({ repair, moveTraces }))
    if (!REPAIRS.includes(value)) throw wrong(option, value, "off, report or on");
  if (!Number.isInteger(seed)) throw wrong("seed", seed, "an integer");
  const upstreamServices = new Map(Object.entries(options.upstreamServices ?? {}));
  const gateways = new Map(Object.entries(options.gateways ?? {}));
  return {
    now: options.now,
    repair,
    moveTraces,
    decided,
    paired: options.paired,
    maxBytes,
    hardWaitMs,
    settleMs,
    windowMs,
    upstreamServices,
    gateways,
    seed,
  };
}

function wrong(option: string, value: unknown, wanted: string): TypeError {
  return new TypeError(`${option} is ${String(value)}; it must be ${wanted}`);
}
