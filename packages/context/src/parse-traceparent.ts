/** One `traceparent` value by itself. Source: W3C Trace Context Level 2, section 3.2. */
import type { Defect } from "./defect.ts";
import { defectOf } from "./defect.ts";
import type { TraceContext } from "./trace-context.ts";
import { contextIn, findDefect, notesOf } from "./traceparent.ts";

export type TraceparentReading =
  | { readonly kind: "valid"; readonly context: TraceContext; readonly notes: readonly Defect[] }
  | { readonly kind: "invalid"; readonly defects: readonly Defect[] };

/** Reads one value without blanks around it. A version above 00 is read by its first 55 characters (section 3.2.4). */
export function parseTraceparent(value: string): TraceparentReading {
  const defect = findDefect(value);
  if (defect !== undefined) return { kind: "invalid", defects: [defectOf(defect)] };
  return { kind: "valid", context: contextIn(value, ""), notes: notesOf(value) };
}
