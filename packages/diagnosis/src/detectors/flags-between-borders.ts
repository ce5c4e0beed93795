/** A hop between two borders changed the flags: the decision to sample, or the promise that the id is random. */
import type { Crossing } from "@tracemend/context";
import { RANDOM, SAMPLED, hashTraceId } from "@tracemend/context";
import type { Fact, Sign } from "../sign.ts";

export function detectSampledCleared(crossing: Crossing): Sign | undefined {
  return changed(crossing, SAMPLED, 0, "sampled-flag-cleared");
}

export function detectSampledSet(crossing: Crossing): Sign | undefined {
  return changed(crossing, SAMPLED, SAMPLED, "sampled-flag-set");
}

export function detectRandomLost(crossing: Crossing): Sign | undefined {
  return changed(crossing, RANDOM, 0, "random-flag-lost");
}

/** The bit is as `now` and was not, in the same trace, when the last border sent it. */
function changed({ reading }: Crossing, bit: number, now: number, kind: Sign["kind"]): Sign | undefined {
  if (reading.kind !== "valid") return undefined;
  const { context, own, carried } = reading;
  if ((context.flags & bit) !== now) return undefined;
  const ofMember = own !== undefined && (own.flags & bit) !== now;
  const ofCarrier = carried?.context.traceId === context.traceId && (carried.context.flags & bit) !== now;
  if (!ofMember && !ofCarrier) return undefined;
  if (ofMember && own.traceIdHash !== hashTraceId(context.traceId)) return undefined;
  const fact: Fact = ofMember ? "member-flags" : "carrier-flags";
  return { kind, fact };
}
