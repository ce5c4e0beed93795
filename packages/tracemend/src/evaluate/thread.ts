/** One thread of an evaluation: does the tasks it is told, by their numbers. */
import { parentPort, workerData } from "node:worker_threads";
import type { Selected, Selection } from "./plan.ts";
import { perform, tasksOf } from "./task.ts";
import type { Outcome } from "./task.ts";

/** What every thread gets; of it each makes the same list of tasks. */
export interface Work {
  readonly selected: readonly Selected[];
  readonly selection: Selection;
}

export interface Done {
  /** The number of the task. */
  readonly number: number;
  readonly outcome: Outcome;
}

const { selected, selection } = workerData as Work;
const tasks = tasksOf(selected, selection);

parentPort?.on("message", (number: number) => {
  const task = tasks[number];
  if (task === undefined) throw new RangeError(`there is no task ${number}`);
  void perform(task, selection.seed).then((outcome) => parentPort?.postMessage({ number, outcome } satisfies Done));
});
