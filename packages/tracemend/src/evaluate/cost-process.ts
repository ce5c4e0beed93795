/** A process of its own that measures the loads it is told: nothing else is on its heap or takes its CPU time. */
import process from "node:process";
import type { CostGroup } from "./cost-load.ts";
import type { CostScore } from "./cost.ts";
import { measureCost } from "./cost.ts";

export type CostReport = { readonly score: CostScore } | { readonly fault: string };

process.once("message", (groups: readonly CostGroup[]) => void measure(groups));
// Whoever asked is gone.
process.once("disconnect", () => process.exit());

async function measure(groups: readonly CostGroup[]): Promise<void> {
  try {
    for (const group of groups) for (const score of await measureCost(group)) await report({ score });
  } catch (error) {
    await report({ fault: error instanceof Error ? error.message : String(error) });
  }
  process.disconnect?.();
}

function report(one: CostReport): Promise<void> {
  return new Promise((resolve) => process.send?.(one, undefined, undefined, () => resolve()));
}
