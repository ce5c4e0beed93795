/** B3 in several headers. Source: openzipkin/b3-propagation, "Multiple Headers". */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import { soleValue } from "../field-value.ts";
import { isId } from "../hex.ts";
import type { ForeignReading, Outgoing, Sampling } from "./format.ts";
import { MALFORMED, sizedTraceId, validContext } from "./format.ts";

export const fields: readonly string[] = [
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-flags",
];

/** `x-b3-parentspanid` names the grandparent, which nothing here needs; gateways send `-` or nothing in it. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const traceId = soleValue(lines, "x-b3-traceid");
  const parentId = soleValue(lines, "x-b3-spanid");
  const sampled = soleValue(lines, "x-b3-sampled");
  const flags = soleValue(lines, "x-b3-flags");
  if (traceId === undefined && parentId === undefined && sampled === undefined && flags === undefined) return undefined;
  const sampling = flags === "1" ? "debug" : samplingOf(sampled);
  if (sampling === undefined) return MALFORMED;
  if (traceId === undefined && parentId === undefined) return validContext(undefined, undefined, sampling);
  if (traceId === undefined || parentId === undefined) return MALFORMED;
  const ids = (isId(traceId, 32) || isId(traceId, 16)) && isId(parentId, 16);
  return ids ? validContext(traceId, parentId, sampling) : MALFORMED;
}

/** Debug implies accept, and then `x-b3-sampled` is not sent. */
export function write(outgoing: Outgoing): readonly Edit[] {
  const { sampling } = outgoing;
  return [
    { name: "x-b3-traceid", value: sizedTraceId(outgoing) },
    { name: "x-b3-spanid", value: outgoing.parentId },
    { name: "x-b3-parentspanid", value: null },
    { name: "x-b3-sampled", value: { accept: "1", deny: "0", debug: null, defer: null }[sampling] },
    { name: "x-b3-flags", value: sampling === "debug" ? "1" : null },
  ];
}

/** Early tracers wrote `true` and `false`. */
function samplingOf(sampled: string | undefined): Sampling | undefined {
  if (sampled === undefined) return "defer";
  if (sampled === "1" || sampled === "true") return "accept";
  if (sampled === "0" || sampled === "false") return "deny";
  return sampled === "d" ? "debug" : undefined;
}
