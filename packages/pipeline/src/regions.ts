/** Residency: what may leave the region it was made in, where to, and after which redaction. Without a rule nothing does. */
import type { Batch, Signal } from "@tracemend/otlp";
import type { Destination } from "./destination.ts";
import type { DropReason } from "./ledger.ts";
import { accepted } from "./outcome.ts";
import type { Sink, Stage } from "./stage.ts";
import type { Queue } from "./stages/queue.ts";

export interface ResidencyRule {
  readonly signals: readonly Signal[];
  /** The regions they may go to. */
  readonly to: readonly string[] | "any";
  /** The name of what they pass before; without one they go as they are. */
  readonly after?: string;
}

export interface RegionsOptions {
  /** Where this pipeline runs, and what it takes comes from. */
  readonly home: string;
  /** The first that names signal and region counts. Within the home region everything may go anywhere. */
  readonly residency?: readonly ResidencyRule[];
  readonly redactions?: Readonly<Record<string, Stage>>;
}

export interface Residency {
  /** Whether data of a signal may go to a region. */
  allows(signal: Signal, region: string | undefined): boolean;
  /** What data on its way to a region passes before it leaves; it may be nothing. */
  guard(region: string | undefined): Stage;
  /**
   * The destination with the signals it may get. Throws a TypeError when it may get none, when `isExplicit` and it asks
   * for one it may not get, when it tells no region, or when data could never fail over to one of its targets.
   */
  confine(destination: Destination, isExplicit: boolean): Destination;
}

/** Throws a TypeError for a rule that names no redaction there is. */
export function defineResidency(options: RegionsOptions | undefined): Residency {
  if (options === undefined) return { allows: () => true, guard: () => pass, confine: (destination) => destination };
  const { home, residency = [], redactions = {} } = options;
  for (const { after } of residency) {
    if (after !== undefined && !Object.hasOwn(redactions, after)) {
      throw new TypeError(`regions option residency: after must name one of redactions, not ${JSON.stringify(after)}`);
    }
  }

  const ruleFor = (signal: Signal, region: string | undefined): ResidencyRule | undefined =>
    residency.find(
      ({ signals, to }) => signals.includes(signal) && (to === "any" || (region !== undefined && to.includes(region))),
    );
  const allows = (signal: Signal, region: string | undefined): boolean =>
    region === home || ruleFor(signal, region) !== undefined;

  return {
    allows,
    guard(region) {
      if (region === home) return pass;
      return (next) => {
        const ways = new Map<Signal, Sink>();
        for (const signal of ["traces", "metrics", "logs", "profiles"] as const) {
          const { after } = ruleFor(signal, region) ?? {};
          const redaction = after === undefined ? undefined : redactions[after];
          if (redaction !== undefined) ways.set(signal, redaction(next));
        }
        return {
          accept: (batch, signal) => (ways.get(batch.signal) ?? next).accept(batch, signal),
          close: (signal) => next.close(signal),
        };
      };
    },
    confine(destination, isExplicit) {
      const { name, region, signals, failover } = destination;
      if (region === undefined)
        throw new TypeError(`destination ${name}: region must be told, because regions are given`);
      const allowed = signals.filter((signal) => allows(signal, region));
      const forbidden = signals.filter((signal) => !allows(signal, region));
      if (allowed.length === 0 || (isExplicit && forbidden.length > 0)) {
        throw new TypeError(
          `destination ${name}: signals must not include ${forbidden.join(", ")}, which may not leave ${home} for ${region}`,
        );
      }
      for (const target of failover?.targets ?? []) {
        if (allowed.some((signal) => allows(signal, target.region))) continue;
        throw new TypeError(
          `destination ${name}: failover must go where ${allowed.join(", ")} may go, not to ${target.region ?? "no region"}`,
        );
      }
      return { ...destination, signals: allowed };
    },
  };
}

function pass(next: Sink): Sink {
  return next;
}

/** The queue behind a guard, through which spans of our own pass as well; `lost` is told of those it does not let pass. */
export function guardQueue(guard: Stage, queue: Queue, lost: (batch: Batch, reason: DropReason) => void): Queue {
  const entry = guard(queue);
  if (entry === queue) return queue;
  const placing = guard({
    accept(batch) {
      queue.place(batch);
      return Promise.resolve(accepted);
    },
    close: () => Promise.resolve(),
  });
  const forever = new AbortController().signal;
  const place = async (batch: Batch): Promise<void> => {
    const outcome = await placing.accept(batch, forever);
    if (outcome.kind !== "accepted") lost(batch, "residency");
  };
  return {
    get usedBytes() {
      return queue.usedBytes;
    },
    capacityBytes: queue.capacityBytes,
    hold: (bytes) => queue.hold(bytes),
    unhold: (bytes) => queue.unhold(bytes),
    place: (batch) => void place(batch),
    accept: (batch, signal) => entry.accept(batch, signal),
    close: (signal) => entry.close(signal),
  };
}
