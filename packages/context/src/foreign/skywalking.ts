/** Apache SkyWalking's `sw8`: recognised, because its segment ids are texts that name no parent of eight bytes. */
import type { FieldLines } from "../field-lines.ts";
import { soleValue } from "../field-value.ts";
import type { ForeignReading } from "./format.ts";
import { MALFORMED, RECOGNISED } from "./format.ts";

export const fields: readonly string[] = ["sw8", "sw8-x", "sw8-correlation"];

const MAX_LENGTH = 2048;

/** Eight fields joined by `-`, the first `0` or `1`. Source: SkyWalking cross-process propagation headers protocol v3. */
export function read(lines: FieldLines): ForeignReading | undefined {
  const value = soleValue(lines, "sw8");
  if (value === undefined) return undefined;
  if (value.length > MAX_LENGTH) return MALFORMED;
  const parts = value.split("-");
  const shaped = parts.length === 8 && (parts[0] === "0" || parts[0] === "1");
  return shaped ? RECOGNISED : MALFORMED;
}

export const write = undefined;
