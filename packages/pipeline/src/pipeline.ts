/** From a received batch to every destination: the order of the stages, reservations, state, and the order of closing. */
import type { Batch, Signal } from "@tracemend/otlp";
import { createBranch } from "./branch.ts";
import type { DestinationBranch } from "./branch.ts";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { defineDestination } from "./destination.ts";
import type { DestinationOptions } from "./destination.ts";
import { defineLog } from "./event.ts";
import type { PipelineEvent } from "./event.ts";
import { createLedger } from "./ledger.ts";
import type { LedgerRow } from "./ledger.ts";
import { defineResidency } from "./regions.ts";
import type { RegionsOptions } from "./regions.ts";
import { createReservations } from "./reservation.ts";
import type { Reservation } from "./reservation.ts";
import { pipeline } from "./stage.ts";
import type { Sink } from "./stage.ts";
import type { FlushTrigger } from "./stages/batch.ts";
import { fanOut } from "./stages/fan-out.ts";
import { stamp } from "./stages/stamp.ts";
import { tap } from "./stages/tap.ts";

export interface PipelineOptions {
  /** Resource attributes written onto everything that passes. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly destinations: readonly DestinationOptions[];
  /** Where this pipeline runs, and what may leave that region. Without it, everything may go everywhere. */
  readonly regions?: RegionsOptions;
  /** Sees every batch, after the stamp. What it throws is counted and changes nothing. */
  readonly observe?: (batch: Batch) => void;
  readonly clock?: Clock;
  /** Even in [0, 1). */
  readonly random?: () => number;
  readonly log?: (event: PipelineEvent) => void;
}

export interface DestinationState {
  readonly name: string;
  readonly region: string | undefined;
  readonly signals: readonly Signal[];
  /** There is a connection, and the last send found a living peer. */
  readonly reachable: boolean;
  /** What is queued, being sent, or reserved. */
  readonly queueBytes: number;
  readonly queueCapacityBytes: number;
  readonly lastFailure: string | undefined;
  /** Batches sent because they were full, old enough, or because of closing. */
  readonly flushes: Readonly<Record<FlushTrigger, number>>;
}

export interface PipelineCounters {
  /** Times the observer threw. */
  readonly observerErrors: number;
  /** Attributes a sender had set under a stamped key. */
  readonly spoofedAttributes: number;
}

export interface Pipeline extends Sink {
  /**
   * Holds room for `bytes` of own spans in the queue of every destination that takes traces. Undefined when there is no
   * such destination, or one of them has no room or cannot be reached right now.
   */
  reserve(bytes: number): Reservation | undefined;
  ledger(): readonly LedgerRow[];
  destinations(): readonly DestinationState[];
  counters(): PipelineCounters;
}

/**
 * Starts connecting at once. Throws a TypeError that names the option and its value, and an Error when the folder of a
 * queue cannot be used.
 */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { clock = systemClock, random = Math.random, attributes = {}, observe } = options;
  const residency = defineResidency(options.regions);
  const settings = options.destinations.map((each) =>
    residency.confine(defineDestination(each), each.signals !== undefined),
  );
  rejectDuplicates(settings.map((destination) => destination.name));
  const log = defineLog(options.log);
  const ledger = createLedger();
  const counters = { observerErrors: 0, spoofedAttributes: 0 };
  const branches: DestinationBranch[] = [];
  try {
    for (const destination of settings) {
      const account = ledger.account(destination.name);
      branches.push(createBranch(destination, { account, clock, random, log, residency }));
    }
  } catch (cause) {
    for (const { sink } of branches) void sink.close(AbortSignal.abort());
    throw cause;
  }

  const observerFailed = (cause: unknown): void => {
    counters.observerErrors += 1;
    log({ kind: "observer-failed", message: String(cause) });
  };

  const stages = [
    stamp({ attributes, spoofed: (count) => (counters.spoofedAttributes += count) }),
    tap({ observe, failed: observerFailed }),
  ];
  const entry = pipeline(...stages, fanOut(branches));
  const reserve = createReservations(
    stages,
    attributes,
    branches.filter((branch) => branch.signals.includes("traces")),
  );

  let closed: Promise<void> | undefined;

  return {
    accept: (batch, signal) => entry.accept(batch, signal),
    reserve,
    ledger: () => ledger.rows(),
    destinations: () => branches.map(stateOf),
    counters: () => ({ ...counters }),
    // Front to back: each queue takes nothing more, its batch stage flushes, what is out is waited for, then the
    // connection closes. When the signal aborts, every queue counts what it still holds as dropped{shutdown}.
    // A second call waits for the first.
    close: (signal) => (closed ??= entry.close(signal)),
  };
}

function stateOf({ destination, reachability, sink, flushes }: DestinationBranch): DestinationState {
  return {
    name: destination.name,
    region: destination.region,
    signals: destination.signals,
    reachable: reachability.reachable,
    queueBytes: sink.usedBytes,
    queueCapacityBytes: sink.capacityBytes,
    lastFailure: reachability.lastFailure,
    flushes: { ...flushes },
  };
}

function rejectDuplicates(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new TypeError(`destination option name must be unique, not ${JSON.stringify(twice)} twice`);
}
