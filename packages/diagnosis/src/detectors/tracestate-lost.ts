/** A hop between two borders let tracestate fall, or only our member of it, while traceparent went on. */
import type { Crossing } from "@tracemend/context";
import { OWN_KEY, memberValue } from "@tracemend/context";
import type { Sign } from "../sign.ts";

const LOST: Sign = { kind: "tracestate-lost", fact: "carrier-kept-state" };

export function detectStateLost({ reading }: Crossing): Sign | undefined {
  if (reading.kind !== "valid" || reading.own !== undefined || reading.carried === undefined) return undefined;
  const { context, carried } = reading;
  if (carried.context.traceId !== context.traceId) return undefined;
  return memberValue(carried.context.tracestate, OWN_KEY) === undefined ? undefined : LOST;
}
