/** OpenTracing's basic tracers: `ot-tracer-*`. Source: OpenTelemetry specification, "OT Trace" propagator. */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import { soleValue } from "../field-value.ts";
import { isId } from "../hex.ts";
import type { ForeignReading, Outgoing, Sampling } from "./format.ts";
import { MALFORMED, isRecorded, validContext } from "./format.ts";

const TRACE = "ot-tracer-traceid";
const SPAN = "ot-tracer-spanid";
const SAMPLED = "ot-tracer-sampled";

export const fields: readonly string[] = [TRACE, SPAN, SAMPLED];

/** 16 or 32 digits, 16 digits, and `true`, `false`, `1` or `0`. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const traceId = soleValue(lines, TRACE);
  const parentId = soleValue(lines, SPAN);
  const sampled = soleValue(lines, SAMPLED);
  if (traceId === undefined && parentId === undefined && sampled === undefined) return undefined;
  if (traceId === undefined || parentId === undefined) return MALFORMED;
  const sampling = samplingOf(sampled);
  const ids = (isId(traceId, 32) || isId(traceId, 16)) && isId(parentId, 16);
  return sampling === undefined || !ids ? MALFORMED : validContext(traceId, parentId, sampling);
}

/** The low 64 bits of the trace id are all the format's readers take. */
export function write({ traceId, parentId, sampling }: Outgoing): readonly Edit[] {
  return [
    { name: TRACE, value: traceId.slice(16) },
    { name: SPAN, value: parentId },
    { name: SAMPLED, value: sampling === "defer" ? null : String(isRecorded(sampling)) },
  ];
}

function samplingOf(sampled: string | undefined): Sampling | undefined {
  if (sampled === undefined) return "defer";
  if (sampled === "true" || sampled === "1") return "accept";
  return sampled === "false" || sampled === "0" ? "deny" : undefined;
}
