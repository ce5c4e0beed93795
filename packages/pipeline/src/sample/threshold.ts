/**
 * Randomness and rejection thresholds of consistent probability sampling, as 14 hexadecimal digits each, so that texts
 * compare as the 56-bit numbers they are: a span is kept when its randomness is not below the threshold (OpenTelemetry,
 * "TraceState: Probability Sampling").
 */

const digits = 14;
const all = 2n ** 56n;

/** Keeps everything. */
export const keepAll: string = "0".repeat(digits);

/** Sorts behind every randomness: keeps nothing. */
export const keepNone = "~";

/** The default of the Collector's `sampling_precision`. */
export const defaultPrecision = 4;

/**
 * The threshold that keeps a share of all traces, 0 to 1, in so many digits, leading digits f or 0 not counted: what
 * stands on every span should be short.
 */
export function thresholdOf(share: number, precision: number = defaultPrecision): string {
  if (share <= 0) return keepNone;
  if (share >= 1) return keepAll;
  // A double has 53 bits; the share is at least 2^-56, or nothing is left of it.
  const rejected = all - BigInt(Math.round(share * 2 ** 56));
  if (rejected >= all) return keepNone;
  const kept = Math.min(digits, precision + Math.max(zeros(share), zeros(1 - share)));
  const shift = BigInt(4 * (digits - kept));
  const rounded = shift === 0n ? rejected : ((rejected + (1n << (shift - 1n))) >> shift) << shift;
  return rounded >= all ? "f".repeat(digits) : rounded.toString(16).padStart(digits, "0");
}

/** How many hexadecimal digits behind the point are zero. */
function zeros(fraction: number): number {
  return Math.max(0, Math.floor(-Math.log2(fraction) / 4));
}

/** The right 56 bits of a trace id are its randomness (W3C Trace Context Level 2, section 3.2.2.3). */
export function randomnessOf(traceId: string): string {
  return traceId.slice(-digits);
}

/** As `th` writes it: without zeros at the end. */
export function formatThreshold(threshold: string): string {
  let end = threshold.length;
  while (end > 1 && threshold.charCodeAt(end - 1) === 0x30) end--;
  return threshold.slice(0, end);
}

/** 1 to 14 digits of `th`, filled up; undefined for anything else. */
export function parseThreshold(text: string): string | undefined {
  return text.length > 0 && text.length <= digits && isHex(text) ? text.padEnd(digits, "0") : undefined;
}

/** The 14 digits of `rv`; undefined for anything else. */
export function parseRandomness(text: string): string | undefined {
  return text.length === digits && isHex(text) ? text : undefined;
}

/** Lower-case digits only, as the specification has them. */
function isHex(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
}
