/** Several `traceparent` values in one head: identical, of one trace, or in conflict. Source: Trace Context, section 3.2.1. */
import type { Defect, DefectCode } from "./defect.ts";
import { defectOf } from "./defect.ts";
import { trimBlanks } from "./field-lines.ts";
import type { TraceContext } from "./trace-context.ts";
import { contextIn, findDefect } from "./traceparent.ts";

/** What the values of all lines come down to. */
export type Single =
  | { readonly kind: "one"; readonly value: string; readonly notes: readonly Defect[] }
  | {
      readonly kind: "several";
      readonly defects: readonly Defect[];
      /** The contexts in wire order, where all are valid and of one trace; else empty. */
      readonly sameTrace: readonly TraceContext[];
    };

/** More values than this are conflicting, whatever they say: the comparison is bounded. */
const MAX_VALUES = 16;

/** `values` are those of the lines as they came, at least one. */
export function singleValue(values: readonly string[]): Single {
  const parts = values.flatMap(splitJoined);
  const first = trimBlanks(parts[0] as string);
  const notes: DefectCode[] = parts.length > values.length ? ["traceparent-joined"] : [];
  if (parts.every((part) => trimBlanks(part) === first)) {
    if (parts.some((part) => part.length !== first.length)) notes.push("traceparent-padded");
    if (parts.length > 1) notes.push("duplicate-identical");
    return { kind: "one", value: first, notes: notes.map(defectOf) };
  }
  const sameTrace = contextsOfOneTrace(parts);
  notes.unshift(sameTrace.length > 0 ? "duplicate-same-trace" : "duplicate-conflicting");
  return { kind: "several", defects: notes.map(defectOf), sameTrace };
}

/**
 * A runtime that folds lines joins them with a comma. A newer version may have commas of its own behind the flags
 * (section 3.2.4), so a value is split only where what follows the comma looks like a version.
 */
function splitJoined(value: string): readonly string[] {
  if (!value.includes(",")) return [value];
  const parts = value.split(",", MAX_VALUES + 1);
  return parts.every((part) => trimBlanks(part).charAt(2) === "-") ? parts : [value];
}

function contextsOfOneTrace(parts: readonly string[]): readonly TraceContext[] {
  if (parts.length > MAX_VALUES) return [];
  const contexts: TraceContext[] = [];
  for (const part of parts) {
    const value = trimBlanks(part);
    if (findDefect(value) !== undefined) return [];
    const context = contextIn(value, "");
    if (contexts.length > 0 && context.traceId !== contexts[0]?.traceId) return [];
    contexts.push(context);
  }
  return contexts;
}
