/** Everything the program counts, as the one page that is scraped. */
import type { Diagnosis } from "@tracemend/diagnosis";
import type { Pipeline } from "@tracemend/pipeline";
import type { Boundaries } from "./boundaries.ts";
import type { CrossingIntake } from "./crossing-intake.ts";
import type { Findings } from "./findings.ts";
import type { CrossingCounters } from "./metrics-crossings.ts";
import {
  createMetricsText,
  writeBatches,
  writeBreaks,
  writeCollectorAliases,
  writeCrossingIntake,
  writeFindings,
  writeLedger,
  writeLostLines,
  writePipeline,
  writeQueues,
  writeRenewals,
  writeRepairs,
  writeRefusals,
  writeUpstreams,
  writeWorkers,
} from "./metrics.ts";
import { writeBatchSizes } from "./metrics-histogram.ts";
import type { Output } from "./output.ts";
import { writeSampling, writeSamplingAliases } from "./metrics-sampling.ts";
import type { Receptions } from "./receptions.ts";
import { writeReceptions } from "./receptions.ts";
import type { Renewal } from "./renewal.ts";
import type { Repairs } from "./repairs.ts";
import type { Crew } from "./workers/crew.ts";

export interface Counted {
  readonly pipeline: Pipeline;
  readonly diagnosis: Diagnosis;
  readonly counters: CrossingCounters;
  readonly intake: CrossingIntake;
  readonly receptions: Receptions;
  readonly boundaries: Boundaries;
  readonly renewal: Renewal;
  readonly crew: Crew | undefined;
  readonly findings: Findings;
  readonly repairs: Repairs;
  readonly output: Pick<Output, "lostLines">;
}

export interface MetricsOptions {
  /** `basic`: crossings, queues, the ledger and breaks. `detailed`: all there is, with the sizes of batches. */
  readonly level: "basic" | "normal" | "detailed";
  /** Queue and send figures under the OpenTelemetry Collector's names too. */
  readonly collector_names: boolean;
}

export function metricsText(of: Counted, { level, collector_names: collectorNames }: MetricsOptions): string {
  const { pipeline } = of;
  const destinations = pipeline.destinations();
  const ledger = pipeline.ledger();
  const text = createMetricsText();
  of.counters.write(text);
  writeLedger(text, ledger);
  writeQueues(text, destinations);
  writeBreaks(text, of.diagnosis.report());
  if (level !== "basic") {
    writeReceptions(text, of.receptions.counts());
    writeCrossingIntake(text, of.intake.counts());
    writeUpstreams(text, of.boundaries.upstreams());
    if (of.crew !== undefined) writeWorkers(text, of.crew.state());
    writeRenewals(text, of.renewal.counts());
    writeRefusals(text, of.boundaries.refusals());
    writeBatches(text, destinations);
    writeSampling(text, destinations);
    writePipeline(text, pipeline.counters());
    writeFindings(text, of.findings.counts());
    writeRepairs(text, of.repairs.counts());
    writeLostLines(text, of.output.lostLines());
  }
  if (level === "detailed") writeBatchSizes(text, destinations);
  if (collectorNames) {
    writeCollectorAliases(text, destinations, ledger);
    writeSamplingAliases(text, destinations);
  }
  return text.toString();
}
