/** The detectors that look at one crossing by itself. */
import type { Crossing } from "@tracemend/context";
import { detectDuplicate } from "./detectors/duplicate-traceparent.ts";
import { detectRandomLost, detectSampledCleared, detectSampledSet } from "./detectors/flags-between-borders.ts";
import { detectMalformed } from "./detectors/malformed-traceparent.ts";
import { detectRestarted } from "./detectors/restarted-between-borders.ts";
import { detectStripped } from "./detectors/stripped-before-us.ts";
import { detectFormats } from "./detectors/formats-disagree.ts";
import { detectStateMangled } from "./detectors/tracestate-mangled.ts";
import { detectStateLost } from "./detectors/tracestate-lost.ts";
import type { SignDetector } from "./sign.ts";

export const SIGN_DETECTORS: readonly SignDetector[] = [
  detectStripped,
  detectMalformed,
  detectDuplicate,
  detectRestarted,
  detectSampledCleared,
  detectSampledSet,
  detectRandomLost,
  detectStateLost,
  detectStateMangled,
  detectFormats,
];

/** Whether a crossing can show no sign at all: a clean context with nothing a border wrote beside it. */
export function isPlain({ reading }: Crossing): boolean {
  if (reading.carried !== undefined || reading.kind === "invalid" || reading.notes.length > 0) return false;
  return reading.kind === "absent" || reading.own === undefined;
}
