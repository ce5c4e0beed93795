/** Measures what the diagnosis costs, in a process of its own. */
import { fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { moduleBeside } from "../module-beside.ts";
import type { CostGroup } from "./cost-load.ts";
import type { CostReport } from "./cost-process.ts";
import type { CostScore } from "./cost.ts";

const PROCESS = moduleBeside(import.meta.url, "cost-process");

/** The scores in the order of the loads, each told to `done` as it comes. Rejects where one cannot be measured. */
export async function measureCosts(
  groups: readonly CostGroup[],
  done: (score: CostScore) => void,
): Promise<readonly CostScore[]> {
  if (groups.length === 0) return [];
  const scores: CostScore[] = [];
  let fault: string | undefined;
  const child = fork(PROCESS, { execArgv: [...process.execArgv, "--expose-gc"] });
  child.on("message", (report: CostReport) => {
    if ("fault" in report) fault = report.fault;
    else {
      scores.push(report.score);
      done(report.score);
    }
  });
  const ended = once(child, "exit");
  child.send(groups);
  const [code, signal] = (await ended) as [number | null, string | null];
  const loads = groups.flat();
  if (scores.length === loads.length) return scores;
  const why = fault ?? `its process ended with ${signal ?? `code ${code}`}`;
  throw new Error(`the cost of "${loads[scores.length]?.name}" was not measured: ${why}`);
}
