/** The honest evaluation of the diagnosis on a folder of recordings: read, plan, try, score. */
import type { Association } from "./association.ts";
import { readyRecording } from "./call.ts";
import type { CostScore } from "./cost.ts";
import { LARGE_LOADS, SMALL_LOADS } from "./cost-load.ts";
import { measureCosts } from "./costs.ts";
import { NOT_CARRIED } from "./break-class.ts";
import type { Selection } from "./plan.ts";
import { isNarrowed, selectClasses, selectEdges } from "./plan.ts";
import { readFolder } from "./read-folder.ts";
import type { Score } from "./score.ts";
import { scoreOf } from "./score.ts";
import { tasksOf, tell } from "./task.ts";
import { performAll } from "./threads.ts";
import type { LocalisationTrial } from "./topology.ts";
import type { TrialResult } from "./trial.ts";

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

/** Throws a `RecordingError` for a recording with a fault in it, and `NothingToTry`. */
export async function evaluate(
  folder: string,
  selection: Selection,
  threads: number,
  progress: (text: string) => void,
): Promise<Evaluation> {
  const { recordings, passedOver } = await readFolder(folder, (file) => progress(`reading ${file}`));
  if (recordings.length === 0) throw new NothingToTry(`${folder} holds no recording`);
  if (selectClasses(selection).length === 0)
    throw new NothingToTry(`no class is named ${selection.breakClasses.join(", ")}`);
  const selected = selectEdges(recordings.map(readyRecording), selection);
  const tasks = tasksOf(selected, selection);
  if (tasks.every(({ kind }) => kind === "localisation"))
    throw new NothingToTry(`${folder} has no such edge with enough requests`);
  let done = 0;
  // Each thread gets the recordings once more: none that nothing is tried on.
  const tried = selected.filter(({ edges }) => edges.length > 0);
  const outcomes = await performAll({ selected: tried, selection }, tasks, threads, (outcome) => {
    done += 1;
    progress(`${done}/${tasks.length} ${tell(outcome)}`);
  });
  const results = outcomes.flatMap((one) => (one.kind === "trial" ? [one.result] : []));
  // What a selection is for does not change what a span costs.
  const loads = isNarrowed(selection)
    ? []
    : selection.scale === "quick"
      ? SMALL_LOADS
      : [...SMALL_LOADS, ...LARGE_LOADS];
  const costs = await measureCosts(loads, ({ load }) => progress(`cost: ${load}`));
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
    associations: outcomes.flatMap((one) => (one.kind === "association" ? [one.association] : [])),
    localisations: outcomes.flatMap((one) => (one.kind === "localisation" ? [one.localisation] : [])),
    costs,
    results,
  };
}
