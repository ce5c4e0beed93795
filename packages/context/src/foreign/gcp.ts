/** Google Cloud's `X-Cloud-Trace-Context`. Source: Cloud Trace documentation, "Trace context". */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import { soleValue } from "../field-value.ts";
import { isId } from "../hex.ts";
import { ZERO_ID, decimalOfHex, hexOfDecimal } from "./decimal.ts";
import type { ForeignReading, Outgoing, Sampling } from "./format.ts";
import { MALFORMED, isRecorded, validContext } from "./format.ts";

const FIELD = "x-cloud-trace-context";

export const fields: readonly string[] = [FIELD];

/** `{trace id}[/[{span id, decimal}]][;o=[{0|1}]]`: nine forms are in use. Upper-case trace ids are seen. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const value = soleValue(lines, FIELD);
  if (value === undefined) return undefined;
  const [ids = "", options, ...more] = value.split(";", 3);
  const [trace = "", span = "", ...others] = ids.split("/", 3);
  const traceId = trace.toLowerCase();
  const sampling = options === undefined ? "defer" : samplingOf(options);
  const parentId = span === "" ? ZERO_ID : hexOfDecimal(span);
  if (more.length > 0 || others.length > 0 || sampling === undefined) return MALFORMED;
  if (!isId(traceId, 32) || parentId === undefined) return MALFORMED;
  return validContext(traceId, parentId === ZERO_ID ? undefined : parentId, sampling);
}

export function write({ traceId, parentId, sampling }: Outgoing): readonly Edit[] {
  const option = sampling === "defer" ? "" : `;o=${isRecorded(sampling) ? "1" : "0"}`;
  return [{ name: FIELD, value: `${traceId}/${decimalOfHex(parentId)}${option}` }];
}

function samplingOf(options: string): Sampling | undefined {
  if (options === "o=") return "defer";
  if (options === "o=1") return "accept";
  return options === "o=0" ? "deny" : undefined;
}
