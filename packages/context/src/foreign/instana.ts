/** Instana's `x-instana-*`: recognised; an Instana agent behind the boundary goes on with it by itself. */
import type { FieldLines } from "../field-lines.ts";
import { findField } from "../field-lines.ts";
import type { ForeignReading } from "./format.ts";
import { RECOGNISED } from "./format.ts";

export const fields: readonly string[] = ["x-instana-t", "x-instana-s", "x-instana-l"];

export function read(lines: FieldLines): ForeignReading | undefined {
  return fields.some((field) => findField(lines, field) >= 0) ? RECOGNISED : undefined;
}

export const write = undefined;
