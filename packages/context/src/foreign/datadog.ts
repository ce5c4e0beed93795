/** Datadog's headers. Source: Datadog documentation, "Trace context propagation"; `_dd.p.tid` holds the high half. */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import { fieldValue, soleValue } from "../field-value.ts";
import { isId } from "../hex.ts";
import { ZERO_ID, decimalOfHex, hexOfDecimal } from "./decimal.ts";
import type { ForeignReading, Outgoing, Sampling } from "./format.ts";
import { MALFORMED, isRecorded, validContext } from "./format.ts";

const TRACE = "x-datadog-trace-id";
const PARENT = "x-datadog-parent-id";
const PRIORITY = "x-datadog-sampling-priority";
const TAGS = "x-datadog-tags";
const HIGH_HALF = "_dd.p.tid=";

export const fields: readonly string[] = [TRACE, PARENT, PRIORITY, TAGS, "x-datadog-origin"];

/** Tracers drop longer tags. */
const MAX_TAGS_LENGTH = 512;

/** `rest` is the priority that came, a blank, and the tags without the high half. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const trace = soleValue(lines, TRACE);
  const priority = soleValue(lines, PRIORITY);
  if (trace === undefined && priority === undefined) return undefined;
  const sampling = samplingOf(priority);
  if (sampling === undefined) return MALFORMED;
  if (trace === undefined) return validContext(undefined, undefined, sampling, `${priority ?? ""} `);
  const low = hexOfDecimal(trace);
  const parentId = hexOfDecimal(soleValue(lines, PARENT) ?? "0");
  if (low === undefined || parentId === undefined) return MALFORMED;
  const tags = (fieldValue(lines, TAGS) ?? "").split(",").filter((tag) => tag !== "");
  const high = tags.find((tag) => tag.startsWith(HIGH_HALF))?.slice(HIGH_HALF.length) ?? "";
  const traceId = isId(high, 16) ? high + low : low;
  if (!isId(traceId, traceId.length)) return MALFORMED;
  const others = tags.filter((tag) => !tag.startsWith(HIGH_HALF)).join(",");
  const kept = others.length > MAX_TAGS_LENGTH ? "" : others;
  return validContext(traceId, parentId === ZERO_ID ? undefined : parentId, sampling, `${priority ?? ""} ${kept}`);
}

export function write({ traceId, parentId, sampling, rest }: Outgoing): readonly Edit[] {
  const blank = rest.indexOf(" ");
  const tags = rest.slice(blank + 1);
  const high = traceId.slice(0, 16);
  const highTag = high === ZERO_ID ? "" : `${HIGH_HALF}${high}`;
  const all = [highTag, tags].filter((tag) => tag !== "").join(",");
  return [
    { name: TRACE, value: decimalOfHex(traceId.slice(16)) },
    { name: PARENT, value: decimalOfHex(parentId) },
    { name: PRIORITY, value: priorityOf(sampling, blank < 0 ? "" : rest.slice(0, blank)) },
    { name: TAGS, value: all === "" ? null : all.length > MAX_TAGS_LENGTH ? highTag || null : all },
  ];
}

/** -1 and 2 are a user's own reject and keep; above 0 is kept. */
function samplingOf(priority: string | undefined): Sampling | undefined {
  if (priority === undefined) return "defer";
  if (priority === "0" || priority === "-1") return "deny";
  return priority === "1" || priority === "2" ? "accept" : undefined;
}

/** A user's own decision stays one where the decision stays the same. */
function priorityOf(sampling: Sampling, before: string): string | null {
  if (sampling === "defer") return null;
  if (isRecorded(sampling)) return before === "2" ? "2" : "1";
  return before === "-1" ? "-1" : "0";
}
