/** The detectors that look at the figures of one edge behind a boundary. */
import { detectClockSkew } from "./detectors/clock-skew.ts";
import { detectContextLeak } from "./detectors/context-leak.ts";
import { detectRestart } from "./detectors/deliberate-restart.ts";
import { detectDroppedBeforeCallee } from "./detectors/dropped-before-callee.ts";
import { detectDroppedByCallee } from "./detectors/dropped-by-callee.ts";
import { detectExportLoss } from "./detectors/export-loss.ts";
import { detectGhostHop } from "./detectors/ghost-hop.ts";
import { detectRecordedUnsampled } from "./detectors/recorded-unsampled.ts";
import { detectRewritten } from "./detectors/rewritten-trace-id.ts";
import { detectTruncated } from "./detectors/truncated-trace-id.ts";
import type { EdgeDetector } from "./finding.ts";

export const EDGE_DETECTORS: readonly EdgeDetector[] = [
  detectDroppedByCallee,
  detectDroppedBeforeCallee,
  detectRestart,
  detectGhostHop,
  detectTruncated,
  detectRewritten,
  detectExportLoss,
  detectRecordedUnsampled,
  detectContextLeak,
  detectClockSkew,
];
