/** A hop between two borders began a new trace: what the first border wrote speaks of another one. */
import type { Crossing } from "@tracemend/context";
import { hashTraceId } from "@tracemend/context";
import type { Sign } from "../sign.ts";

const MEMBER_DIFFERS: Sign = { kind: "restarted-between-borders", fact: "member-of-other-trace" };
const CARRIER_DIFFERS: Sign = { kind: "restarted-between-borders", fact: "carrier-of-other-trace" };

export function detectRestarted({ reading }: Crossing): Sign | undefined {
  if (reading.kind !== "valid") return undefined;
  const { context, own, carried } = reading;
  if (carried !== undefined && carried.context.traceId !== context.traceId) return CARRIER_DIFFERS;
  return own !== undefined && own.traceIdHash !== hashTraceId(context.traceId) ? MEMBER_DIFFERS : undefined;
}
