/** `traceparent`, read and written. Source: W3C Trace Context Level 2, section 3.2. */
import type { Defect, DefectCode } from "./defect.ts";
import { defectOf } from "./defect.ts";
import { formatByte, hexDigit, isAllZero, isLowerHex } from "./hex.ts";
import type { TraceContext } from "./trace-context.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";

/** Length of version 00: `vv-` + 32 + `-` + 16 + `-ff`. */
const LENGTH = 55;
const DASH = 0x2d;

export type TraceparentReading =
  | { readonly kind: "valid"; readonly context: TraceContext; readonly notes: readonly Defect[] }
  | { readonly kind: "invalid"; readonly defects: readonly Defect[] };

/** Reads one value without blanks around it. A version above 00 is read by its first 55 characters (section 3.2.4). */
export function parseTraceparent(value: string): TraceparentReading {
  const defect = findDefect(value);
  if (defect !== undefined) return { kind: "invalid", defects: [defectOf(defect)] };
  const flags = hexDigit(value.charCodeAt(53)) * 16 + hexDigit(value.charCodeAt(54));
  const future = value.charCodeAt(0) !== 0x30 || value.charCodeAt(1) !== 0x30;
  return {
    kind: "valid",
    context: { traceId: value.slice(3, 35), parentId: value.slice(36, 52), flags, tracestate: "" },
    notes: notesOf(future, flags),
  };
}

const NO_NOTES: readonly Defect[] = [];

function notesOf(future: boolean, flags: number): readonly Defect[] {
  const reserved = (flags & ~KNOWN_FLAGS) !== 0;
  if (!future && !reserved) return NO_NOTES;
  const notes: Defect[] = [];
  if (future) notes.push(defectOf("version-future"));
  if (reserved) notes.push(defectOf("flags-reserved"));
  return notes;
}

function findDefect(value: string): DefectCode | undefined {
  if (value.length < LENGTH) return "traceparent-length";
  const dashed = value.charCodeAt(2) === DASH && value.charCodeAt(35) === DASH && value.charCodeAt(52) === DASH;
  if (!dashed) return "traceparent-syntax";
  const hex =
    isLowerHex(value, 0, 2) && isLowerHex(value, 3, 35) && isLowerHex(value, 36, 52) && isLowerHex(value, 53, LENGTH);
  if (!hex) return isHexOnceLowered(value) ? "traceparent-upper-case" : "traceparent-syntax";
  if (value.startsWith("ff")) return "version-forbidden";
  if (value.length > LENGTH && value.startsWith("00")) return "version-tail";
  if (value.length > LENGTH && value.charCodeAt(LENGTH) !== DASH) return "traceparent-syntax";
  if (isAllZero(value, 3, 35)) return "trace-id-zero";
  if (isAllZero(value, 36, 52)) return "parent-id-zero";
  return undefined;
}

function isHexOnceLowered(value: string): boolean {
  const lower = value.toLowerCase();
  return (
    isLowerHex(lower, 0, 2) && isLowerHex(lower, 3, 35) && isLowerHex(lower, 36, 52) && isLowerHex(lower, 53, LENGTH)
  );
}

/** Writes version 00. Reserved flag bits leave as zero, the random bit is kept (section 3.2.2.5). */
export function formatTraceparent(context: TraceContext): string {
  return `00-${context.traceId}-${context.parentId}-${formatByte(context.flags & KNOWN_FLAGS)}`;
}
