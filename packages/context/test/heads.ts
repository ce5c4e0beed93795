/** Ids, heads and one crossing for the tests of this package. */
import { applyEdits, cross, defineBoundary } from "../src/index.ts";
import type { Arrival, FieldLines, OwnSpans, Passage, PolicyOptions } from "../src/index.ts";

export const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
export const PARENT = "00f067aa0ba902b7";
export const OTHER_PARENT = "b9c7c989f97918e1";
export const PARENT_LINE = `00-${TRACE}-${PARENT}-01`;
export const SPANS: OwnSpans = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  serverSpanId: "b7ad6b7169203331",
  clientSpanId: "00f067aa0ba902b8",
};

export interface Crossed extends Pick<Passage, "reading" | "verdict" | "spans"> {
  readonly left: FieldLines;
}

/** One head through an egress boundary of cluster `eu-1`. */
export function pass(lines: FieldLines, policy: PolicyOptions = {}, spans?: OwnSpans, arrival: Arrival = {}): Crossed {
  const boundary = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1", policy });
  const { reading, verdict, edits, spans: used } = cross(boundary, lines, () => spans, arrival);
  return { reading, verdict, spans: used, left: applyEdits(lines, edits) };
}

/** The values of a field that left, by its lower-case name. */
export function valuesOf(lines: FieldLines, name: string): readonly string[] {
  return lines.filter((_, at) => at % 2 === 1 && lines[at - 1]?.toLowerCase() === name);
}
