/** Decisions remembered for spans that come late: so many of each kind, the least used forgotten first. */
import type { Choice } from "./choice.ts";

export interface Decisions {
  get(traceId: string): Choice | undefined;
  set(traceId: string, choice: Choice): void;
}

export function createDecisions(maxSampled: number, maxNotSampled: number): Decisions {
  const sampled = new Map<string, Choice>();
  const notSampled = new Map<string, Choice>();
  return {
    get(traceId) {
      for (const held of [sampled, notSampled]) {
        const choice = held.get(traceId);
        if (choice === undefined) continue;
        held.delete(traceId);
        held.set(traceId, choice);
        return choice;
      }
      return undefined;
    },
    set(traceId, choice) {
      const held = choice.sampled ? sampled : notSampled;
      const most = choice.sampled ? maxSampled : maxNotSampled;
      held.set(traceId, choice);
      if (held.size <= most) return;
      for (const oldest of held.keys()) {
        held.delete(oldest);
        return;
      }
    },
  };
}
