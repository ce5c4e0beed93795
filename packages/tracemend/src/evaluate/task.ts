/** What an evaluation does, piece by piece: each comes to the same wherever and whenever it is done. */
import type { Association, AssociationLoad } from "./association.ts";
import { loadsOf, measureAssociation } from "./association.ts";
import type { Edge, ReadyRecording } from "./call.ts";
import type { Selected, Selection } from "./plan.ts";
import { isNarrowed, plansOf } from "./plan.ts";
import type { TrialPlan } from "./stimulus.ts";
import type { Culprit, LocalisationTrial } from "./topology.ts";
import { culprits, locate } from "./topology.ts";
import type { TrialResult } from "./trial.ts";
import { runTrial } from "./trial.ts";

export type Task =
  | { readonly kind: "trial"; readonly plan: TrialPlan }
  | {
      readonly kind: "association";
      readonly recording: ReadyRecording;
      readonly edge: Edge;
      readonly load: AssociationLoad;
    }
  | { readonly kind: "localisation"; readonly culprit: Culprit };

/** What is told of a task done; of data alone, so that it can be handed from one thread to another. */
export type Outcome =
  | { readonly kind: "trial"; readonly result: TrialResult }
  | { readonly kind: "association"; readonly association: Association }
  | { readonly kind: "localisation"; readonly localisation: LocalisationTrial };

/** Of the same selected recordings always the same, in the same order. */
export function tasksOf(selected: readonly Selected[], selection: Selection): readonly Task[] {
  const trials = plansOf(selected, selection).map((plan): Task => ({ kind: "trial", plan }));
  if (selection.breakClasses.length > 0) return trials;
  const associations = selected.flatMap(({ recording, edges }) =>
    edges.flatMap((edge) => loadsOf(selection).map((load): Task => ({ kind: "association", recording, edge, load }))),
  );
  const localisations = isNarrowed(selection)
    ? []
    : culprits().map((culprit): Task => ({ kind: "localisation", culprit }));
  return [...trials, ...associations, ...localisations];
}

export async function perform(task: Task, seed: number): Promise<Outcome> {
  const { kind } = task;
  if (kind === "trial") return { kind, result: await runTrial(task.plan) };
  if (kind === "localisation") return { kind, localisation: await locate(task.culprit, seed) };
  const { recording, edge, load } = task;
  return { kind, association: await measureAssociation(recording, edge, load, seed) };
}

/** One line about it. */
export function tell(outcome: Outcome): string {
  if (outcome.kind === "trial") {
    const { recording, edge, breakClass, share, named, falseAlarms, intactWindows } = outcome.result;
    const alarms = falseAlarms.length === 0 ? "" : `, ${falseAlarms.length} false alarms in ${intactWindows} windows`;
    return `${recording} ${edge}, ${breakClass} ${share * 100} %: ${named}${alarms}`;
  }
  if (outcome.kind === "localisation") {
    const { topology, culprit, fault, named } = outcome.localisation;
    return `${topology}, ${culprit} ${fault}: ${named}`;
  }
  const { recording, edge, load, told } = outcome.association;
  return `${recording} ${edge}, joined by time, ${load.inFlight} in flight: ${told.length} pairs`;
}
