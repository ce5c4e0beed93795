/** What the diagnosis finds, sent as telemetry of our own: breaks as log records and gauges, crossings for a central tier. */
import type { Crossing, Observer } from "@tracemend/context";
import type { DiagnosisReport } from "@tracemend/diagnosis";
import { breakLogs, breakMetrics, encodeCrossings } from "@tracemend/diagnosis";
import type { Batch } from "@tracemend/otlp";
import type { Sink } from "@tracemend/pipeline";

export interface FindingsOptions {
  readonly pipeline: Pick<Sink, "accept">;
  /** Resource attributes of our own telemetry; `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  readonly report: () => DiagnosisReport;
  /** Whether breaks are sent, each `intervalMs`, and whether each crossing is. */
  readonly send: { readonly breaks: boolean; readonly crossings: boolean; readonly intervalMs: number };
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Items by what became of them; dropped is what no destination had room for, or what came faster than it could be sent. */
export interface FindingsCount {
  readonly finding: "break" | "edge" | "crossing";
  readonly sent: number;
  readonly dropped: number;
}

export interface Findings extends Observer {
  /** Sends what is due: to be called once a second. */
  tick(): void;
  counts(): readonly FindingsCount[];
  /** Sends the crossings that wait; resolves once nothing is on its way into the pipeline. */
  close(): Promise<void>;
}

/** Crossings that wait for the next tick, at some 1 KiB each; more make a batch at once. */
const MAX_WAITING = 512;

/** Batches on their way into the pipeline: while so many wait there, crossings are dropped and counted. */
const MAX_OUTSTANDING = 8;

export function createFindings(options: FindingsOptions): Findings {
  const { pipeline, resource, report, send, now } = options;
  const counted = {
    break: { finding: "break" as const, sent: 0, dropped: 0 },
    edge: { finding: "edge" as const, sent: 0, dropped: 0 },
    crossing: { finding: "crossing" as const, sent: 0, dropped: 0 },
  };
  const outstanding = new Set<Promise<void>>();
  let waiting: Crossing[] = [];
  let dueMs = now() + send.intervalMs;

  const offer = async (finding: keyof typeof counted, batch: Batch): Promise<void> => {
    const outcome = await pipeline.accept(batch, AbortSignal.timeout(10_000));
    const refused = outcome.kind === "accepted" ? 0 : outcome.kind === "partial" ? outcome.rejected : batch.items;
    counted[finding].sent += batch.items - refused;
    counted[finding].dropped += refused;
  };
  const hand = (finding: keyof typeof counted, batch: Batch): void => {
    if (batch.items === 0) return;
    const settled = offer(finding, batch).finally(() => outstanding.delete(settled));
    outstanding.add(settled);
  };
  const flush = (): void => {
    const crossings = waiting;
    waiting = [];
    if (outstanding.size >= MAX_OUTSTANDING) counted.crossing.dropped += crossings.length;
    else if (crossings.length > 0) hand("crossing", encodeCrossings(resource, crossings));
  };
  return {
    crossed(crossing) {
      if (!send.crossings) return;
      waiting.push(crossing);
      if (waiting.length >= MAX_WAITING) flush();
    },
    tick() {
      flush();
      const nowMs = now();
      if (!send.breaks || nowMs < dueMs) return;
      dueMs = nowMs + send.intervalMs;
      const found = report();
      hand("break", breakLogs(resource, found, nowMs));
      hand("edge", breakMetrics(resource, found, nowMs));
    },
    counts: () => Object.values(counted).map((count) => ({ ...count })),
    async close() {
      flush();
      await Promise.all(outstanding);
    },
  };
}
