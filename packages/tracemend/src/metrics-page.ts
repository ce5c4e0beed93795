/** Everything the program counts, as the one page that is scraped. */
import type { Diagnosis } from "@tracemend/diagnosis";
import type { Pipeline } from "@tracemend/pipeline";
import type { Boundaries } from "./boundaries.ts";
import type { CrossingIntake } from "./crossing-intake.ts";
import type { Findings } from "./findings.ts";
import type { CrossingCounters } from "./metrics.ts";
import {
  createMetricsText,
  writeBreaks,
  writeCollectorAliases,
  writeCrossingIntake,
  writeDestinations,
  writeFindings,
  writeLedger,
  writePipeline,
  writeRepairs,
  writeUpstreams,
  writeWorkers,
} from "./metrics.ts";
import type { Repairs } from "./repairs.ts";
import type { Crew } from "./workers/crew.ts";

export interface Counted {
  readonly pipeline: Pipeline;
  readonly diagnosis: Diagnosis;
  readonly counters: CrossingCounters;
  readonly intake: CrossingIntake;
  readonly boundaries: Boundaries;
  readonly crew: Crew | undefined;
  readonly findings: Findings;
  readonly repairs: Repairs;
}

/** `collectorNames`: queue and send figures under the OpenTelemetry Collector's names too. */
export function metricsText(of: Counted, collectorNames: boolean): string {
  const { pipeline } = of;
  const text = createMetricsText();
  of.counters.write(text);
  writeCrossingIntake(text, of.intake.counts());
  writeUpstreams(text, of.boundaries.upstreams());
  if (of.crew !== undefined) writeWorkers(text, of.crew.state());
  writeLedger(text, pipeline.ledger());
  writeDestinations(text, pipeline.destinations());
  writePipeline(text, pipeline.counters());
  writeBreaks(text, of.diagnosis.report());
  writeFindings(text, of.findings.counts());
  writeRepairs(text, of.repairs.counts());
  if (collectorNames) writeCollectorAliases(text, pipeline.destinations(), pipeline.ledger());
  return text.toString();
}
