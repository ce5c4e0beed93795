/** Sentry's `sentry-trace`. Source: Sentry developer documentation, "Trace propagation". Its sampling context is baggage. */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import { soleValue } from "../field-value.ts";
import { isId } from "../hex.ts";
import type { ForeignReading, Outgoing } from "./format.ts";
import { MALFORMED, isRecorded, validContext } from "./format.ts";

const FIELD = "sentry-trace";

export const fields: readonly string[] = [FIELD];

/** `{trace id}-{span id}[-{0|1}]`; without the last the decision is left to us. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const value = soleValue(lines, FIELD);
  if (value === undefined) return undefined;
  const [traceId = "", parentId = "", sampled, ...more] = value.split("-", 4);
  if (!isId(traceId, 32) || !isId(parentId, 16) || more.length > 0) return MALFORMED;
  if (sampled === undefined || sampled === "") return validContext(traceId, parentId, "defer");
  if (sampled !== "0" && sampled !== "1") return MALFORMED;
  return validContext(traceId, parentId, sampled === "1" ? "accept" : "deny");
}

export function write({ traceId, parentId, sampling }: Outgoing): readonly Edit[] {
  const flag = sampling === "defer" ? "" : isRecorded(sampling) ? "-1" : "-0";
  return [{ name: FIELD, value: `${traceId}-${parentId}${flag}` }];
}
