/** `traceparent`, read and written. Source: W3C Trace Context Level 2, section 3.2. */
import type { Defect, DefectCode } from "./defect.ts";
import { defectOf } from "./defect.ts";
import { NOT_HEX, formatByte, hexBits, isLowerHex, parseByte } from "./hex.ts";
import type { TraceContext } from "./trace-context.ts";
import { KNOWN_FLAGS } from "./trace-context.ts";

/** Length of version 00: `vv-` + 32 + `-` + 16 + `-ff`. */
export const TRACEPARENT_LENGTH = 55;

const LENGTH = TRACEPARENT_LENGTH;
const DASH = 0x2d;

/** The context in a value without a defect. */
export function contextIn(value: string, tracestate: string): TraceContext {
  return { traceId: value.slice(3, 35), parentId: value.slice(36, 52), flags: parseByte(value, 53), tracestate };
}

const NO_NOTES: readonly Defect[] = [];

/** What is worth telling of a value without a defect. */
export function notesOf(value: string): readonly Defect[] {
  const future = value.charCodeAt(0) !== 0x30 || value.charCodeAt(1) !== 0x30;
  const reserved = value.charCodeAt(53) !== 0x30 || value.charCodeAt(54) > 0x33;
  if (!future && !reserved) return NO_NOTES;
  const notes: Defect[] = [];
  if (future) notes.push(defectOf("version-future"));
  if (reserved) notes.push(defectOf("flags-reserved"));
  return notes;
}

const DIGIT = "[0-9a-f]";

/**
 * V8 makes machine code over the bytes of it, which takes one pass and reaches a character in a third of the time of
 * `charCodeAt`. Each digit stands by itself, because a count would be kept in memory for every character. It matches
 * what is not plain, because V8 notes down every match, for whoever asks for the last one, and no miss.
 */
const OTHER = new RegExp(
  `^(?!00-(?!${"0".repeat(32)})${DIGIT.repeat(32)}-(?!${"0".repeat(16)})${DIGIT.repeat(16)}-0[0-3]$)`,
);

/** Whether the value is of version 00 and there is nothing to tell of it, as with nearly all that come. */
export function isPlainTraceparent(value: string): boolean {
  return !OTHER.test(value);
}

function isDashed(value: string): boolean {
  return value.charCodeAt(2) === DASH && value.charCodeAt(35) === DASH && value.charCodeAt(52) === DASH;
}

/** The first thing wrong with a value without blanks around it; undefined where it is valid. */
export function findDefect(value: string): DefectCode | undefined {
  if (value.length < LENGTH) return fitsSoFar(value) ? "traceparent-truncated" : "traceparent-length";
  if (!isDashed(value)) return "traceparent-syntax";
  const traceId = hexBits(value, 3, 35);
  const parentId = hexBits(value, 36, 52);
  const version = hexBits(value, 0, 2);
  if (((traceId | parentId | version | hexBits(value, 53, LENGTH)) & NOT_HEX) !== 0)
    return isValidOnceLowered(value) ? "traceparent-upper-case" : "traceparent-syntax";
  if (version !== 0 && value.startsWith("ff")) return "version-forbidden";
  if (value.length > LENGTH) {
    if (version === 0) return "version-tail";
    if (value.charCodeAt(LENGTH) !== DASH) return "traceparent-syntax";
  }
  if (traceId === 0) return "trace-id-zero";
  if (parentId === 0) return "parent-id-zero";
  return undefined;
}

/** Whether a short value is the beginning of a traceparent that something cut off. */
function fitsSoFar(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const dash = at === 2 || at === 35 || at === 52;
    if (dash ? value.charCodeAt(at) !== DASH : !isLowerHex(value, at, at + 1)) return false;
  }
  return value !== "";
}

function isValidOnceLowered(value: string): boolean {
  const lower = value.toLowerCase();
  return lower !== value && findDefect(lower) === undefined;
}

/** From the dash before the flags. */
export const ENDS: readonly string[] = Array.from({ length: 256 }, (_, flags) => "-" + formatByte(flags));

/** Writes version 00. Flag bits outside the mask leave as zero: by default the reserved ones (section 3.2.2.5). */
export function formatTraceparent(context: TraceContext, flagMask: number = KNOWN_FLAGS): string {
  // A template converts each part to a string by a call; a sum of strings does not, and its short parts are joined first.
  return "00-" + context.traceId + ("-" + context.parentId) + (ENDS[context.flags & flagMask & 0xff] as string);
}
