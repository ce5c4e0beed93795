/** More than one traceparent came, in several lines or joined in one: a hop added its own and left the other one in. */
import type { Crossing, DefectCode } from "@tracemend/context";
import { findNoted } from "../noted.ts";
import type { Sign } from "../sign.ts";

const CODES: readonly DefectCode[] = ["duplicate-conflicting", "duplicate-same-trace", "duplicate-identical"];

export function detectDuplicate({ reading }: Crossing): Sign | undefined {
  const fact = findNoted(reading, CODES);
  return fact === undefined ? undefined : { kind: "duplicate-traceparent", fact };
}
