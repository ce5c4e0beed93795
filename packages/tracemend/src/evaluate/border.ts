/** Boundaries as the program runs them: the real decision on real header lines, told as a crossing and as own spans. */
import type { Boundary, Crossing, FieldLines, Verdict } from "@tracemend/context";
import { applyEdits, cross, defineBoundary } from "@tracemend/context";
import type { SpanRecord } from "@tracemend/otlp";
import { spansOf } from "../span-records.ts";
import type { Edge } from "./call.ts";
import { isGrpc } from "./call.ts";
import type { Hop } from "./hop.ts";
import type { Random } from "./random.ts";

/** The clusters on both sides of the hop that a request comes over. */
export const HOME = "home";
export const ABROAD = "abroad";

export interface Request {
  readonly lines: FieldLines;
  readonly operation: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly requestId: string | undefined;
  readonly from: string;
}

export interface Passed {
  /** The port of the connection to the upstream is settled later: a pool has to see all requests in order. */
  readonly crossing: Omit<Crossing, "upstream"> & { upstream: NonNullable<Crossing["upstream"]> };
  readonly ownSpans: readonly SpanRecord[];
  readonly verdict: Verdict;
  /** What leaves. */
  readonly lines: FieldLines;
}

const UPSTREAM_PORT = 8080;

export function homeBoundary(edge: Edge): Boundary {
  const policy = { repair: "on", carrier: { read: true } } as const;
  return defineBoundary({ name: edge.name, side: "ingress", cluster: HOME, policy });
}

export function abroadBoundary(edge: Edge): Boundary {
  const policy = { carrier: { send: true } } as const;
  return defineBoundary({ name: `${ABROAD}:${edge.name}`, side: "egress", cluster: ABROAD, policy });
}

export function pass(boundary: Boundary, upstream: string, request: Request, random: Random): Passed {
  const { lines, operation, startMs, endMs, requestId, from } = request;
  const { reading, verdict, spans } = cross(boundary, lines, () => ({
    traceId: random.traceId(),
    serverSpanId: random.spanId(),
    clientSpanId: random.spanId(),
  }));
  const grpc = isGrpc(operation);
  const crossing: Passed["crossing"] = {
    boundary: boundary.name,
    side: boundary.side,
    cluster: boundary.cluster,
    reading,
    verdict,
    spans,
    startMs,
    endMs,
    protocol: grpc ? "h2" : "http/1.1",
    scheme: "http",
    method: grpc ? "POST" : "GET",
    path: pathOf(operation),
    authority: upstream,
    userAgent: undefined,
    requestId,
    downstream: { address: from, port: 40_000 },
    upstream: { name: upstream, address: "10.1.0.1", port: UPSTREAM_PORT, localPort: undefined },
    status: 200,
    grpcStatus: grpc ? 0 : undefined,
    failure: undefined,
  };
  const unknown = { route: undefined, template: undefined, requestBytes: 0, answerBytes: 0 };
  const told = { ...crossing, ...unknown, service: upstream, tries: [] };
  const ownSpans = spans === undefined ? [] : spansOf(told, spans);
  return { crossing, ownSpans, verdict, lines: applyEdits(lines, verdict.edits) };
}

/** Over the border of the other cluster and the hop between; what it leaves is what ours reads. */
export function passAbroad(boundary: Boundary, request: Request, hop: Hop | undefined, random: Random): Passed {
  const passed = pass(boundary, "gateway", request, random);
  return hop === undefined ? passed : { ...passed, lines: hop(passed.lines, random) };
}

export function pathOf(operation: string): string {
  return operation.startsWith("/") ? operation : `/${operation.replaceAll(" ", "-")}`;
}
