/** Jaeger's `uber-trace-id`. Source: Jaeger client libraries, "Propagation format". */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import { soleValue } from "../field-value.ts";
import { isId, isLowerHex } from "../hex.ts";
import type { ForeignReading, Outgoing, Sampling } from "./format.ts";
import { MALFORMED, sizedTraceId, validContext } from "./format.ts";

const FIELD = "uber-trace-id";

export const fields: readonly string[] = [FIELD];

const SAMPLED = 1;
const DEBUG = 2;

/** `{trace id}:{span id}:{parent span id}:{flags}`, ids without leading zeros, colons possibly percent-encoded. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const value = soleValue(lines, FIELD);
  if (value === undefined) return undefined;
  const parts = value.toLowerCase().replaceAll("%3a", ":").split(":", 5);
  const [trace = "", span = "", , flags = ""] = parts;
  const traceId = trace.padStart(trace.length > 16 ? 32 : 16, "0");
  const parentId = span.padStart(16, "0");
  const flagged = (flags.length === 1 || flags.length === 2) && isLowerHex(flags, 0, flags.length);
  if (parts.length !== 4 || !flagged || !isId(parentId, 16)) return MALFORMED;
  if (!isId(traceId, traceId.length) || traceId.length > 32) return MALFORMED;
  return validContext(traceId, parentId, samplingOf(Number.parseInt(flags, 16)));
}

/** The format has no deferred decision: it is written as not sampled. */
export function write(outgoing: Outgoing): readonly Edit[] {
  const flags = { accept: "1", deny: "0", debug: "3", defer: "0" }[outgoing.sampling];
  return [{ name: FIELD, value: `${sizedTraceId(outgoing)}:${outgoing.parentId}:0:${flags}` }];
}

function samplingOf(flags: number): Sampling {
  if ((flags & DEBUG) !== 0) return "debug";
  return (flags & SAMPLED) === 0 ? "deny" : "accept";
}
