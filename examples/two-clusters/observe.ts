/** Waiting for what was sent to arrive, and asking the border of us-1 what it saw. */
import type { DiagnosisReport } from "@tracemend/diagnosis";
import type { Agents } from "./agent.ts";
import type { Clusters } from "./clusters.ts";
import { pause } from "./processes.ts";
import { send } from "./traffic.ts";

/** Shop SERVER and CLIENT, egress SERVER and CLIENT, ingress SERVER and CLIENT, and the called service's SERVER span. */
export const SPANS_PER_REQUEST = 7;

const DEADLINE_MS = 15_000;
const LOOK_EVERY_MS = 50;

/** Whether that many spans were exported before the deadline. */
export async function settled(agents: Agents, spans: number): Promise<boolean> {
  const until = performance.now() + DEADLINE_MS;
  while (agents.spans.length < spans && performance.now() < until) await pause(LOOK_EVERY_MS);
  return agents.spans.length === spans;
}

export type SeenBreak = DiagnosisReport["breaks"][number];

export interface Seen {
  readonly breaks: readonly SeenBreak[];
  /** Sent meanwhile, so that traffic flows: that a span is missing shows when later ones arrive. */
  readonly requests: number;
}

/** The breaks that the border of us-1 reports, once it has seen enough to be sure of both. */
export async function breaksSeen({ adminUrls, shopUrl }: Clusters): Promise<Seen> {
  const until = performance.now() + DEADLINE_MS;
  for (let requests = 0; ; requests += 1) {
    const response = await fetch(`${adminUrls["us-1"]}/diagnostics/breaks`, { signal: AbortSignal.timeout(5000) });
    const { breaks } = (await response.json()) as DiagnosisReport;
    const kinds = new Set(breaks.map((found) => found.kind));
    const both = kinds.has("stripped-before-us") && kinds.has("dropped-by-callee");
    if (both || performance.now() > until) return { breaks, requests };
    await send(shopUrl, "/prices", 1, 1, () => {});
    await pause(LOOK_EVERY_MS * 4);
  }
}
