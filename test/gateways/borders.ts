/** The border in front of a gateway and the one behind it: real boundaries, with ids that are the same each time. */
import type { Boundary, Crossing, FieldLines, Passage } from "@tracemend/context";
import type { Batch } from "@tracemend/otlp";
import { encodeSpans } from "@tracemend/otlp";
import type { Setup } from "./setups.ts";
import { applyEdits, createIds, cross, crossingOf, defineBoundary } from "@tracemend/context";
import { createNoise } from "../support/noise.ts";

export const REQUESTS = 24;

export interface Borders {
  readonly egress: Boundary;
  readonly ingress: Boundary;
  readonly foreignRequestIds: boolean;
}

export function bordersOf(setup: Pick<Setup, "carrier" | "foreignRequestIds">): Borders {
  const { carrier: field = "x-tracemend-context", foreignRequestIds = false } = setup;
  return {
    egress: defineBoundary({
      name: "eu-1-egress",
      side: "egress",
      cluster: "eu-1",
      policy: { carrier: { field, send: true } },
    }),
    ingress: defineBoundary({
      name: "us-1-ingress",
      side: "ingress",
      cluster: "us-1",
      policy: { carrier: { field, read: true }, repair: "report", extract: ["w3c", "b3-multi"] },
    }),
    foreignRequestIds,
  };
}

/** What a caller in the first cluster sends, and the ids our spans get there: both by the number of the request. */
export function callerLines(number: number, foreignRequestIds = false): FieldLines {
  const ids = idsFor(number);
  return [
    "Host",
    "shop.example",
    "User-Agent",
    "shop/1.0",
    "Accept",
    "application/json",
    "X-Request-Id",
    foreignRequestIds ? `request-${number}` : uuidOf(ids.traceId()),
    "traceparent",
    `00-${ids.traceId()}-${ids.spanId()}-01`,
    "tracestate",
    "vendor=value",
  ];
}

/** The first border's passage, and the lines that leave it. */
export function leave(
  { egress, foreignRequestIds }: Borders,
  number: number,
): { readonly passage: Passage; readonly lines: FieldLines } {
  const lines = callerLines(number, foreignRequestIds);
  const passage = passOver(egress, lines, 2 * number);
  return { passage, lines: applyEdits(lines, passage.edits) };
}

export function arrive({ ingress }: Borders, number: number, received: FieldLines): Passage {
  return passOver(ingress, received, 2 * number + 1);
}

function passOver(boundary: Boundary, lines: FieldLines, number: number): Passage {
  const ids = idsFor(1_000 + number);
  return cross(boundary, lines, () => ({
    traceId: ids.traceId(),
    serverSpanId: ids.spanId(),
    clientSpanId: ids.spanId(),
  }));
}

export function crossingAt(passage: Passage, atMs: number): Crossing {
  return crossingOf(passage, {
    startMs: atMs,
    endMs: atMs + 10,
    protocol: "http/1.1",
    scheme: "http",
    method: "GET",
    target: "/",
    authority: "shop.example",
    lines: ["User-Agent", "shop/1.0"],
    downstream: { address: "10.0.0.9", port: 40_000 },
    upstream: {
      name: passage.boundary.side === "egress" ? "gateway" : "shop",
      address: "10.1.0.2",
      port: 80,
      localPort: undefined,
    },
    status: 200,
    failure: undefined,
  });
}

/** What the border exports of its own. */
export function spansOf(boundary: Boundary, { verdict, spans }: Passage, atMs: number): Batch {
  if (spans === undefined || verdict.context === undefined) throw new Error("the border was granted no spans");
  const { traceId } = verdict.context;
  const shared = { traceId, name: "GET", startMs: atMs, endMs: atMs + 10, attributes: {} } as const;
  return encodeSpans({ "service.name": boundary.name }, { name: "tracemend", version: "1" }, [
    { ...shared, kind: "server", spanId: spans.serverSpanId },
    { ...shared, kind: "client", spanId: spans.clientSpanId, parentSpanId: spans.serverSpanId },
  ]);
}

function uuidOf(digits: string): string {
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-9${digits.slice(17, 20)}-${digits.slice(20)}`;
}

/** Bytes that a linear congruence spreads: ids of neighbouring requests share no half. */
function idsFor(number: number): ReturnType<typeof createIds> {
  const noise = createNoise((number + 1) * 0x9e3779b1);
  return createIds((bytes) => {
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = Math.floor(noise() * 256);
  });
}
