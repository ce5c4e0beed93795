/** A process of its own that measures the loads it is told: nothing else is on its heap or takes its CPU time. */
import process from "node:process";
import type { CostLoad } from "./cost-load.ts";
import type { CostScore } from "./cost.ts";
import { measureCost } from "./cost.ts";

export type CostReport = { readonly score: CostScore } | { readonly fault: string };

process.once("message", (loads: readonly CostLoad[]) => void measure(loads));
// Whoever asked is gone.
process.once("disconnect", () => process.exit());

async function measure(loads: readonly CostLoad[]): Promise<void> {
  try {
    for (const load of loads) await report({ score: await measureCost(load) });
  } catch (error) {
    await report({ fault: error instanceof Error ? error.message : String(error) });
  }
  process.disconnect?.();
}

function report(one: CostReport): Promise<void> {
  return new Promise((resolve) => process.send?.(one, undefined, undefined, () => resolve()));
}
