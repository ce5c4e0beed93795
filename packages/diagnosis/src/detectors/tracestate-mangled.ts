/** A hop before us wrote a tracestate that breaks the grammar or its limits, or cut one on the way. */
import type { Crossing, DefectCode } from "@tracemend/context";
import { findNoted } from "../noted.ts";
import type { Sign } from "../sign.ts";

const CODES: readonly DefectCode[] = [
  "tracestate-length",
  "tracestate-members",
  "tracestate-duplicate-key",
  "tracestate-member",
];

export function detectStateMangled({ reading }: Crossing): Sign | undefined {
  const fact = findNoted(reading, CODES);
  return fact === undefined ? undefined : { kind: "tracestate-mangled", fact };
}
