/** Waiting for what was sent to arrive, and asking the border of us-1 what it saw. */
import type { DiagnosisReport } from "@tracemend/diagnosis";
import type { Agents } from "./agent.ts";
import { pause } from "./processes.ts";

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

/** The breaks that a border reports, once it has seen enough to say so: the last requests' spans are still on their way. */
export async function breaksSeen(adminUrl: string): Promise<readonly SeenBreak[]> {
  const until = performance.now() + DEADLINE_MS;
  for (;;) {
    const response = await fetch(`${adminUrl}/diagnostics/breaks`, { signal: AbortSignal.timeout(5000) });
    const { breaks } = (await response.json()) as DiagnosisReport;
    const kinds = new Set(breaks.map((found) => found.kind));
    if (kinds.has("stripped-before-us") && kinds.has("dropped-by-callee")) return breaks;
    if (performance.now() > until) return breaks;
    await pause(LOOK_EVERY_MS * 4);
  }
}
