/** A hop before us let `traceparent` fall: something that travelled with it is still there. */
import type { Crossing } from "@tracemend/context";
import type { Sign } from "../sign.ts";

const CARRIER_SURVIVED: Sign = { kind: "stripped-before-us", fact: "carrier-survived" };
const STATE_SURVIVED: Sign = { kind: "stripped-before-us", fact: "tracestate-orphaned" };

/** A request with nothing at all may be where a trace begins: only what survived tells it from that. */
export function detectStripped({ reading }: Crossing): Sign | undefined {
  if (reading.kind !== "absent") return undefined;
  if (reading.carried !== undefined) return CARRIER_SURVIVED;
  return reading.notes.length > 0 ? STATE_SURVIVED : undefined;
}
