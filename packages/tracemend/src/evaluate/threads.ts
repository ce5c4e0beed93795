/** Tasks on as many threads as are wanted; what comes of them does not depend on how many those are. */
import { Worker } from "node:worker_threads";
import { moduleBeside } from "../module-beside.ts";
import type { Outcome, Task } from "./task.ts";
import { perform } from "./task.ts";
import type { Done, Work } from "./thread.ts";

/** Fewer tasks a thread than this are done before it has begun. */
export const WORTH_A_THREAD = 4;

/** Streams are made and thrown away: with little room for what is young they would be moved before. */
const YOUNG_MIB = 192;

const THREAD = moduleBeside(import.meta.url, "thread");

/** The outcomes in the order of the tasks, each told to `done` as it comes. Rejects with the first error of any. */
export async function performAll(
  work: Work,
  tasks: readonly Task[],
  threads: number,
  done: (outcome: Outcome) => void,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const wanted = Math.min(threads, Math.floor(tasks.length / WORTH_A_THREAD));
  if (wanted > 1) {
    await inThreads(work, tasks.length, wanted, ({ number, outcome }) => {
      outcomes[number] = outcome;
      done(outcome);
    });
    return outcomes;
  }
  for (const task of tasks) {
    const outcome = await perform(task, work.selection.seed);
    outcomes.push(outcome);
    done(outcome);
  }
  return outcomes;
}

async function inThreads(work: Work, tasks: number, threads: number, done: (one: Done) => void): Promise<void> {
  const hired = Array.from(
    { length: threads },
    () => new Worker(THREAD, { workerData: work, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB } }),
  );
  let next = 0;
  try {
    await Promise.all(
      hired.map(
        (thread) =>
          new Promise<void>((resolve, reject) => {
            const go = (): void => {
              if (next < tasks) thread.postMessage(next++);
              else resolve();
            };
            thread.on("message", (one: Done) => {
              done(one);
              go();
            });
            thread.on("error", reject);
            thread.on("exit", (code) => reject(new Error(`a thread ended with code ${code}`)));
            go();
          }),
      ),
    );
  } finally {
    await Promise.all(hired.map((thread) => thread.terminate()));
  }
}
