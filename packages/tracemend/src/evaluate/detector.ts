/** The shipped detector over the real pipeline, with a clock that jumps from event to event. */
import { createDiagnosis } from "@tracemend/diagnosis";
import type { DiagnosisReport, Pair, RepairDecision } from "@tracemend/diagnosis";
import type { Batch } from "@tracemend/otlp";
import { encodeSpans, readBatch } from "@tracemend/otlp";
import type { Clock } from "@tracemend/pipeline";
import { createPipeline } from "@tracemend/pipeline";
import { VERSION } from "../version.ts";
import { HOME } from "./border.ts";
import type { Stimulus, StimulusEvent } from "./stimulus.ts";

export interface DetectorOptions {
  readonly seed: number;
  /** How often the report is read, in milliseconds of the clock. */
  readonly readEveryMs: number;
  readonly read: (report: DiagnosisReport, nowMs: number) => void;
  readonly decided?: (decision: RepairDecision) => void;
  readonly paired?: (pair: Pair) => void;
}

const TICK_MS = 1_000;
const SCOPE = { name: "recording", version: "1" };
const OWN_SCOPE = { name: "tracemend", version: VERSION };

/** Runs to the end of the stimulus and returns the last report. */
export async function detect(stimulus: Stimulus, options: DetectorOptions): Promise<DiagnosisReport> {
  let nowMs = stimulus.startMs;
  const diagnosis = createDiagnosis({
    now: () => nowMs,
    seed: options.seed,
    repair: "report",
    ...(options.decided === undefined ? {} : { decided: options.decided }),
    ...(options.paired === undefined ? {} : { paired: options.paired }),
  });
  // Nothing is forwarded, so nothing waits: the clock needs no timers.
  const clock: Clock = { now: () => nowMs, after: () => ({ cancel() {} }) };
  const failures: string[] = [];
  const pipeline = createPipeline({
    attributes: { "k8s.cluster.name": HOME },
    destinations: [],
    observe: (batch) => diagnosis.spans(batch),
    clock,
    random: () => 0.5,
    log: (event) => failures.push(JSON.stringify(event)),
  });
  const never = new AbortController().signal;
  let tickMs = nowMs + TICK_MS;
  let readMs = nowMs + options.readEveryMs;
  const advance = (toMs: number): void => {
    while (tickMs <= toMs) {
      nowMs = tickMs;
      diagnosis.tick();
      if (nowMs >= readMs) {
        options.read(diagnosis.report(), nowMs);
        readMs += options.readEveryMs;
      }
      tickMs += TICK_MS;
    }
    nowMs = toMs;
  };
  for (const event of stimulus.events) {
    advance(event.atMs);
    if (event.kind === "crossing") diagnosis.crossed(event.crossing);
    else await pipeline.accept(batchOf(event), never);
  }
  advance(stimulus.untilMs);
  await pipeline.close(never);
  if (failures.length > 0) throw new Error(`the pipeline failed: ${failures[0]}`);
  const report = diagnosis.report();
  options.read(report, nowMs);
  return report;
}

/** As a receiver would get it: bytes, whose framing is proven again. */
export function batchOf(event: Exclude<StimulusEvent, { readonly kind: "crossing" }>): Batch {
  const encoded =
    event.kind === "own-spans"
      ? encodeSpans({ "service.name": "tracemend", "service.instance.id": HOME }, OWN_SCOPE, event.records)
      : encodeSpans({ "service.name": event.service, "service.instance.id": event.instance }, SCOPE, event.records);
  const reading = readBatch("traces", encoded.parts[0] ?? new Uint8Array(0));
  if (reading.kind === "malformed") throw new Error(`an encoded batch is malformed: ${reading.defect.message}`);
  return reading.batch;
}
