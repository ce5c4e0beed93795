/** Joins what the policies say of a trace: a drop counts most, then whatever keeps it, with the lowest threshold. */
import type { Choice } from "./choice.ts";
import type { Policy } from "./policy.ts";
import { keepAll } from "./threshold.ts";
import type { Trace } from "./trace.ts";

/** What is written where no policy named the trace. */
export const unmatched = "unmatched";

/** Undefined while more spans could change it, unless these were the `last`. */
export function decide(policies: readonly Policy[], trace: Trace, last: boolean): Choice | undefined {
  let isOpen = false;
  let mayDrop = false;
  let best: Choice | undefined;
  let against = unmatched;
  for (const { name, isDrop, ask } of policies) {
    if (!isDrop && best?.threshold === keepAll) continue;
    const answer = ask(trace, last);
    switch (answer.kind) {
      case "open":
        if (isDrop) mayDrop = true;
        else isOpen = true;
        break;
      case "no":
        if (answer.byChance && !isDrop) against = name;
        break;
      case "yes":
        if (isDrop) return { sampled: false, policy: name, threshold: undefined };
        best = lower(best, { sampled: true, policy: name, ...answer });
    }
  }
  if (mayDrop) return undefined;
  if (best?.threshold === keepAll || (best !== undefined && !isOpen)) return best;
  return isOpen ? undefined : { sampled: false, policy: against, threshold: undefined };
}

/** A trace that either would have kept is kept by the lower threshold; one nobody knows leaves nothing to be said. */
function lower(one: Choice | undefined, other: Choice): Choice {
  if (one === undefined || other.threshold === keepAll) return other;
  if (one.threshold === undefined || other.threshold === undefined) return { ...one, threshold: undefined };
  return other.threshold < one.threshold ? other : one;
}
