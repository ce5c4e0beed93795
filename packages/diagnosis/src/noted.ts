/** What a reading found fault with, be it a note on a context that is used or what makes it invalid. */
import type { DefectCode, Reading } from "@tracemend/context";

/** The first of these codes that was noted. */
export function findNoted(reading: Reading, codes: readonly DefectCode[]): DefectCode | undefined {
  const found = reading.kind === "invalid" ? reading.defects : reading.notes;
  if (found.length === 0) return undefined;
  return codes.find((code) => found.some((defect) => defect.code === code));
}
