/** Trace ids whose spans are not wanted, and by which rule; remembered for a while, and never more than so many. */
import type { Clock } from "../clock.ts";

export interface DeniedTraces {
  readonly size: number;
  deny(traceId: string, rule: string): void;
  /** The rule that denied the trace; undefined when none did, or it is forgotten. */
  ruleOf(traceId: string): string | undefined;
}

/** Two generations: a new one begins when half of `maxTraces` or `maxAgeMs` is used up, and the oldest is forgotten. */
export function createDeniedTraces(maxTraces: number, maxAgeMs: number, clock: Clock): DeniedTraces {
  let young = new Map<string, string>();
  let old = new Map<string, string>();
  let bornMs = clock.now();

  const turn = (): void => {
    const ageMs = clock.now() - bornMs;
    if (young.size < maxTraces / 2 && ageMs < maxAgeMs) return;
    old = ageMs < 2 * maxAgeMs ? young : new Map();
    young = new Map();
    bornMs = clock.now();
  };

  return {
    get size() {
      turn();
      return young.size + old.size;
    },
    deny(traceId, rule) {
      turn();
      young.set(traceId, rule);
    },
    ruleOf: (traceId) => young.get(traceId) ?? old.get(traceId),
  };
}
