/** Azure's hierarchical `Request-Id`. Source: dotnet/runtime, "Hierarchical Request-Id"; its root is a trace id at times. */
import type { Edit } from "../edits.ts";
import type { FieldLines } from "../field-lines.ts";
import { soleValue } from "../field-value.ts";
import { isId } from "../hex.ts";
import type { ForeignReading, Outgoing } from "./format.ts";
import { MALFORMED, RECOGNISED, validContext } from "./format.ts";

const FIELD = "request-id";

export const fields: readonly string[] = [FIELD, "correlation-context"];

const MAX_LENGTH = 1024;

/** `|{trace id}.{span id}.…` has ids to continue; any other root is only recognised. Sampling is left to us. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const value = soleValue(lines, FIELD);
  if (value === undefined) return undefined;
  if (value === "" || value.length > MAX_LENGTH) return MALFORMED;
  const traceId = value.slice(1, 33);
  const parentId = value.slice(34, 50);
  const shaped = value.startsWith("|") && value.charAt(33) === "." && value.charAt(50) === ".";
  return shaped && isId(traceId, 32) && isId(parentId, 16) ? validContext(traceId, parentId, "defer") : RECOGNISED;
}

export function write({ traceId, parentId }: Outgoing): readonly Edit[] {
  return [{ name: FIELD, value: `|${traceId}.${parentId}.` }];
}
