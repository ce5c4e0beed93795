/** Crossings for the tests of the export, by a real boundary. */
import type { Crossing, FieldLines } from "@tracemend/context";
import { cross } from "@tracemend/context";
import { ingress, PARENT_LINE } from "../peers.ts";

export function crossingOf(
  changes: Partial<Crossing> = {},
  lines: FieldLines = ["traceparent", PARENT_LINE],
): Crossing {
  const boundary = ingress();
  const { reading, verdict, spans } = cross(boundary, lines, () => undefined);
  return {
    boundary: boundary.name,
    side: boundary.side,
    cluster: boundary.cluster,
    reading,
    verdict,
    spans,
    startMs: 1_700_000_000_000,
    endMs: 1_700_000_000_012.5,
    protocol: "http/1.1",
    scheme: "http",
    method: "GET",
    path: "/cart",
    authority: "shop",
    userAgent: undefined,
    requestId: undefined,
    downstream: { address: "10.0.0.1", port: 5000 },
    upstream: undefined,
    status: 200,
    grpcStatus: undefined,
    failure: undefined,
    ...changes,
  };
}
