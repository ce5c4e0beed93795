/** Refuses early what the process has no memory for: before a batch is copied, stamped or queued. */
import { countResources } from "@tracemend/otlp";
import type { Clock } from "../clock.ts";
import { busy } from "../outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Stage } from "../stage.ts";

export interface MemoryLimit {
  /** Resident memory of the process above which everything is answered busy. */
  readonly maxBytes: number;
  /** Default 1 000. The measurement is taken when a batch comes, never more often than this. */
  readonly checkIntervalMs?: number;
}

export interface LimitOptions {
  readonly memory: MemoryLimit | undefined;
  /** What the stamp adds to each resource, at most. */
  readonly stampBytes: number;
  /** The memory of the process now, in bytes. */
  readonly usedBytes: () => number;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told of items that were turned away, and why. */
  readonly refused: (reason: LimitReason, items: number) => void;
}

export type LimitReason = "memory" | "stamp";

/** A stamp may add so much to any batch, and to a larger one as much as it has. */
const freeGrowthBytes = 1024 * 1024;
const leastRetryMs = 1_000;

/**
 * A request of empty resources, two bytes each, would grow a hundredfold by being stamped. Throws a TypeError for a
 * limit that is no positive integer.
 */
export function limit(options: LimitOptions): Stage {
  const { memory, stampBytes, clock, random } = options;
  checkMemory(memory);
  if (memory === undefined && stampBytes === 0) return (next) => next;
  const isShort = memory === undefined ? () => false : defineGauge(memory, options.usedBytes, clock);
  return (next) => ({
    accept(batch, signal) {
      const turnAway = (reason: LimitReason, outcome: Outcome): Promise<Outcome> => {
        options.refused(reason, batch.items);
        return Promise.resolve(outcome);
      };
      // Between one second and two, so that those turned away together do not come back together.
      if (isShort()) return turnAway("memory", busy(Math.round(leastRetryMs * (1 + random()))));
      if (stampBytes > 0 && batch.signal !== "profiles") {
        const growth = countResources(batch) * stampBytes;
        if (growth > Math.max(freeGrowthBytes, batch.bytes)) {
          const message = `${batch.bytes} bytes would become ${batch.bytes + growth} by their resource attributes`;
          return turnAway("stamp", { kind: "refused", message, tooLarge: true });
        }
      }
      return next.accept(batch, signal);
    },
    close: (signal) => next.close(signal),
  });
}

/** Throws a TypeError that names the option and its value. */
export function checkMemory(memory: MemoryLimit | undefined): void {
  for (const [name, value] of Object.entries(memory ?? {})) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new TypeError(`memory option ${name} must be a positive integer, not ${String(value)}`);
  }
}

function defineGauge(
  { maxBytes, checkIntervalMs = 1_000 }: MemoryLimit,
  usedBytes: () => number,
  clock: Clock,
): () => boolean {
  let measuredMs = -Infinity;
  let short = false;
  return () => {
    const nowMs = clock.now();
    if (nowMs - measuredMs >= checkIntervalMs || nowMs < measuredMs) {
      measuredMs = nowMs;
      short = usedBytes() > maxBytes;
    }
    return short;
  };
}
