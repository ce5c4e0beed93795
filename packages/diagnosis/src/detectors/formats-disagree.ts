/** Two header formats in one request say different things: a hop rewrote one of them and passed the other on. */
import type { Crossing, DefectCode } from "@tracemend/context";
import { findNoted } from "../noted.ts";
import type { Sign } from "../sign.ts";

const CODES: readonly DefectCode[] = ["format-conflict", "format-parent-conflict", "format-sampling-conflict"];

export function detectFormats({ reading }: Crossing): Sign | undefined {
  const fact = findNoted(reading, CODES);
  if (fact === undefined) return undefined;
  const names = reading.foreign?.found.map(({ format }) => format.name) ?? [];
  return { kind: "formats-disagree", fact, detail: names.join(", ") };
}
