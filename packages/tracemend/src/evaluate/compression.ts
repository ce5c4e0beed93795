/** Load by compression: each request once, the first ones as they were recorded, the rest closer together. */
import type { ReadyRecording } from "./call.ts";
import type { Turned } from "./superposition.ts";
import { closeGaps } from "./superposition.ts";

/** Of all requests: those that come as they were recorded, and that the detector may learn from. */
const LEARNT_FROM = 0.3;

/** Only the distances between requests get shorter, and none gets longer. */
export function startsCompressed({ traces }: ReadyRecording, requestsPerSecond: number): Turned {
  const { times } = closeGaps(traces);
  const turnAt = Math.round(traces.length * LEARNT_FROM);
  const turnMs = times[turnAt] ?? 0;
  const restSeconds = ((times.at(-1) ?? 0) - turnMs) / 1_000;
  const shorter = Math.max(1, requestsPerSecond / ((traces.length - turnAt) / restSeconds));
  const starts = traces.map((trace, at) => {
    const timeMs = times[at] as number;
    return { trace, atMs: at < turnAt ? timeMs : turnMs + (timeMs - turnMs) / shorter };
  });
  return { starts, turnMs };
}
