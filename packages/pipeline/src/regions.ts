/** Residency: what may leave the region it was made in, where to, and after which redaction. Without a rule nothing does. */
import type { Batch, Signal } from "@tracemend/otlp";
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
  /** What data on its way to a region passes before it leaves; it may be nothing. */
  guard(region: string | undefined): Stage;
  /** Those of the signals that may go to the region. */
  allowed(signals: readonly Signal[], region: string | undefined): readonly Signal[];
}

export function defineResidency(options: RegionsOptions | undefined): Residency {
  if (options === undefined) return { guard: () => pass, allowed: (signals) => signals };
  const { home, residency = [], redactions = {} } = options;

  const ruleFor = (signal: Signal, region: string | undefined): ResidencyRule | undefined =>
    residency.find(
      ({ signals, to }) => signals.includes(signal) && (to === "any" || (region !== undefined && to.includes(region))),
    );

  return {
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
    allowed: (signals, region) => signals.filter((signal) => region === home || ruleFor(signal, region) !== undefined),
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
