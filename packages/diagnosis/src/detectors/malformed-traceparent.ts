/** Someone before us wrote a traceparent that breaks the grammar, or cut one on the way. */
import type { Crossing, DefectCode } from "@tracemend/context";
import { findNoted } from "../noted.ts";
import type { Sign } from "../sign.ts";

/** What no receiver may read. Where another format brought a context all the same, the code stands among the notes. */
const CODES: readonly DefectCode[] = [
  "traceparent-length",
  "traceparent-truncated",
  "traceparent-syntax",
  "traceparent-upper-case",
  "version-forbidden",
  "version-tail",
  "trace-id-zero",
  "parent-id-zero",
];

export function detectMalformed({ reading }: Crossing): Sign | undefined {
  const fact = findNoted(reading, CODES);
  return fact === undefined ? undefined : { kind: "malformed-traceparent", fact };
}
