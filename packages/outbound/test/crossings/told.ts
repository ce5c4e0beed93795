/** Crossings for the tests of the export, by a real boundary. */
import type { Crossing, FieldLines } from "@tracemend/context";
import { alterCrossing, cross, crossingOf } from "@tracemend/context";
import { ingress, PARENT_LINE } from "../peers.ts";

export function crossingOfGet(
  changes: Partial<Crossing> = {},
  lines: FieldLines = ["traceparent", PARENT_LINE],
): Crossing {
  const passage = cross(ingress(), lines, () => undefined);
  const crossing = crossingOf(passage, {
    startMs: 1_700_000_000_000,
    endMs: 1_700_000_000_012.5,
    protocol: "http/1.1",
    scheme: "http",
    method: "GET",
    target: "/cart",
    authority: "shop",
    lines,
    downstream: { address: "10.0.0.1", port: 5000 },
    status: 200,
    failure: undefined,
  });
  return alterCrossing(crossing, changes);
}
