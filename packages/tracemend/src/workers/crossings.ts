/** Crossings on their way from a worker to the program: as JSON, at a third of what a structured clone costs. */
import { FORMATS } from "@tracemend/context";
import type { FoundFormat } from "@tracemend/context";
import type { Passed } from "@tracemend/proxy";

export function packCrossings(crossings: readonly Passed[]): string {
  return crossings.length === 0 ? "" : JSON.stringify(crossings);
}

/** The same crossings, but that what was undefined is absent. */
export function unpackCrossings(text: string): readonly Passed[] {
  if (text === "") return [];
  const crossings = JSON.parse(text) as Passed[];
  for (const { reading } of crossings) reading.foreign?.found.forEach(restoreFormat);
  return crossings;
}

/** A format reads and writes: of that JSON has only the name. */
function restoreFormat(found: FoundFormat): void {
  Object.assign(found, { format: FORMATS.get(found.format.name) });
}
