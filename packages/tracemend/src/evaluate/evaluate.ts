/** The honest evaluation of the diagnosis on a folder of recordings: read, plan, try, score. */
import type { Association } from "./association.ts";
import { loadsOf, measureAssociation } from "./association.ts";
import { readyRecording } from "./call.ts";
import type { CostScore } from "./cost.ts";
import { measureCost } from "./cost.ts";
import { NOT_CARRIED } from "./break-class.ts";
import type { Selection } from "./plan.ts";
import { plansOf, selectClasses, selectEdges } from "./plan.ts";
import { readFolder } from "./read-folder.ts";
import type { Score } from "./score.ts";
import { scoreOf } from "./score.ts";
import type { LocalisationTrial } from "./topology.ts";
import { culprits, locate } from "./topology.ts";
import type { TrialResult } from "./trial.ts";
import { runTrial } from "./trial.ts";

export interface Evaluation {
  readonly folder: string;
  readonly selection: Selection;
  readonly recordings: readonly RecordingSummary[];
  readonly passedOver: readonly string[];
  readonly notCarried: Readonly<Record<string, string>>;
  readonly score: Score;
  readonly associations: readonly Association[];
  readonly localisations: readonly LocalisationTrial[];
  readonly costs: readonly CostScore[];
  readonly results: readonly TrialResult[];
}

export interface RecordingSummary {
  readonly name: string;
  readonly traces: number;
  readonly edges: number;
  readonly leftOut: readonly string[];
}

/** The selection leaves nothing to try. */
export class NothingToTry extends Error {}

/** Room for a million requests in flight, so that what is measured is not the forgetting. */
const COST_BYTES = 1 << 29;
const MEASURED = 20_000;

/** Throws a `RecordingError` for a recording with a fault in it, and `NothingToTry`. */
export async function evaluate(
  folder: string,
  selection: Selection,
  progress: (text: string) => void,
): Promise<Evaluation> {
  const { recordings, passedOver } = await readFolder(folder, (file) => progress(`reading ${file}`));
  if (recordings.length === 0) throw new NothingToTry(`${folder} holds no recording`);
  if (selectClasses(selection).length === 0)
    throw new NothingToTry(`no class is named ${selection.breakClasses.join(", ")}`);
  const selected = selectEdges(recordings.map(readyRecording), selection);
  const plans = plansOf(selected, selection);
  const joins =
    selection.breakClasses.length > 0
      ? []
      : selected.flatMap(({ recording, edges }) =>
          edges.flatMap((edge) => loadsOf(selection).map((load) => ({ recording, edge, load }))),
        );
  if (plans.length === 0 && joins.length === 0)
    throw new NothingToTry(`${folder} has no such edge with enough requests`);
  const results: TrialResult[] = [];
  for (const plan of plans) {
    const result = await runTrial(plan);
    results.push(result);
    progress(`${results.length}/${plans.length} ${outcomeOf(result)}`);
  }
  const associations: Association[] = [];
  for (const { recording, edge, load } of joins) {
    associations.push(await measureAssociation(recording, edge, load, selection.seed));
    const done = `${associations.length}/${joins.length}`;
    progress(`${done} joined by time: ${recording.name} ${edge.name}, ${load.inFlight} in flight`);
  }
  const localisations: LocalisationTrial[] = [];
  const isNarrowed = selection.edge !== undefined || selection.breakClasses.length > 0;
  for (const culprit of isNarrowed ? [] : culprits()) {
    progress(`localising: ${culprit.topology.name}, ${culprit.called}`);
    localisations.push(await locate(culprit, selection.seed));
  }
  // What a selection is for does not change what a span costs.
  const sizes = isNarrowed ? [] : selection.scale === "quick" ? [1_000, 100_000] : [1_000, 1_000_000];
  if (sizes.length > 0) progress("measuring cost");
  return {
    folder,
    selection,
    recordings: selected.map(({ recording, edges, leftOut }) => ({
      name: recording.name,
      traces: recording.traces.length,
      edges: edges.length,
      leftOut,
    })),
    passedOver,
    notCarried: NOT_CARRIED,
    score: scoreOf(results),
    associations,
    localisations,
    costs: sizes.map((inFlight) => measureCost(inFlight, MEASURED, COST_BYTES)),
    results,
  };
}

function outcomeOf(result: TrialResult): string {
  const { recording, edge, breakClass, share, named, falseAlarms, intactWindows } = result;
  const alarms = falseAlarms.length === 0 ? "" : `, ${falseAlarms.length} false alarms in ${intactWindows} windows`;
  return `${recording} ${edge}, ${breakClass} ${share * 100} %: ${named}${alarms}`;
}
