/** The detectors that look at one crossing, in the order of the request's way. */
import { detectStripped } from "./detectors/stripped-before-us.ts";
import type { SignDetector } from "./sign.ts";

export const SIGN_DETECTORS: readonly SignDetector[] = [detectStripped];
