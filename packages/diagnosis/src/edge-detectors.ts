/** The detectors that look at the figures of one edge behind a boundary. */
import { detectDroppedByCallee } from "./detectors/dropped-by-callee.ts";
import type { EdgeDetector } from "./finding.ts";

export const EDGE_DETECTORS: readonly EdgeDetector[] = [detectDroppedByCallee];
