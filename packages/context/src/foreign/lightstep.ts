/** Lightstep's `x-ot-span-context`, which early Envoys sent too: opaque, so it is only recognised. */
import type { FieldLines } from "../field-lines.ts";
import { findField } from "../field-lines.ts";
import type { ForeignReading } from "./format.ts";
import { RECOGNISED } from "./format.ts";

export const fields: readonly string[] = ["x-ot-span-context"];

export function read(lines: FieldLines): ForeignReading | undefined {
  return findField(lines, "x-ot-span-context") >= 0 ? RECOGNISED : undefined;
}

export const write = undefined;
