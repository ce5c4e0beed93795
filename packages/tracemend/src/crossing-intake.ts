/** Crossings that services and other borders report as log records: evidence for the diagnosis, and not logs to keep. */
import { CROSSING_EVENT } from "@tracemend/context";
import type { Observer } from "@tracemend/context";
import { decodeCrossings } from "@tracemend/diagnosis";
import { selectLogs } from "@tracemend/otlp";
import type { Stage } from "@tracemend/pipeline";
import { accepted } from "@tracemend/pipeline";

export interface CrossingIntakeOptions {
  readonly observer: Observer;
  /** Whether the records go to the destinations of logs all the same: to a central tier, or to be kept. */
  readonly forward: boolean;
}

export interface CrossingIntakeCounts {
  readonly read: number;
  readonly malformed: number;
}

export interface CrossingIntake {
  readonly stage: Stage;
  counts(): CrossingIntakeCounts;
}

export function createCrossingIntake({ observer, forward }: CrossingIntakeOptions): CrossingIntake {
  const counts = { read: 0, malformed: 0 };
  const stage: Stage = (next) => ({
    async accept(batch, signal) {
      const others = selectLogs(batch, (log) => log.eventName() !== CROSSING_EVENT);
      if (others === batch) return next.accept(batch, signal);
      const outcome = forward || others.items > 0 ? await next.accept(forward ? batch : others, signal) : accepted;
      // The sender comes again with the whole batch, and the evidence counts once.
      if (outcome.kind === "busy") return outcome;
      const { crossings, malformed } = decodeCrossings(batch);
      counts.read += crossings.length;
      counts.malformed += malformed;
      for (const crossing of crossings) observer.crossed(crossing);
      return outcome;
    },
    close: (signal) => next.close(signal),
    // What is read here is read before the answer.
    ...(next.holds === undefined ? {} : { holds: next.holds }),
  });
  return { stage, counts: () => ({ ...counts }) };
}
