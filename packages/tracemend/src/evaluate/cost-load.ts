/** What the diagnosis is given while its cost is measured: requests and the spans that belong to them, by their number. */
import { Buffer } from "node:buffer";
import { cross, defineBoundary } from "@tracemend/context";
import type { Crossing } from "@tracemend/context";
import type { Batch, SpanRecord } from "@tracemend/otlp";
import { encodeSpans } from "@tracemend/otlp";
import { spansOf } from "../span-records.ts";

/**
 * `program`: the border's own spans pass by as well, right after their crossings. `roots by time`: nothing but their times
 * joins them, which the first requests, all answered, have taught.
 */
export type Shape = "answers" | "answers and local spans" | "roots" | "roots by time" | "program";

export interface CostLoad {
  readonly name: string;
  /** How many others come between a request and its spans. */
  readonly inFlight: number;
  readonly shape: Shape;
  readonly maxBytes: number;
  /** Requests that are told before any is timed: the first touch of memory is the kernel's work, not ours. */
  readonly before: number;
  readonly measured: number;
}

/** How long after its request a span arrives: what in-flight counts and rates are tied by. */
export const DELAY_MS = 5_000;

/** The program lets the diagnosis settle what is due once a second. */
export const TICK_MS = 1_000;

const MIB = 1_048_576;
const SMALL_BYTES = 32 * MIB;
/** Room for 2^20 requests. */
const LARGE_BYTES = 460 * MIB;

/** Every place of the small stores was written once by then, and of the large ones. */
const FILLED = 100_000;
const FILLED_LARGE = 1_060_000;

/** Loads that are measured by turns, and so beside the first of them. */
export type CostGroup = readonly CostLoad[];

/** Those of the first take a few seconds, those of the second have room for a million requests in flight. */
export const SMALL_LOADS: readonly CostGroup[] = [
  [loadOf("1e3 in flight, 32 MiB", 1_000, "answers", SMALL_BYTES, FILLED)],
  [loadOf("1e4, as the program", 10_000, "program", SMALL_BYTES, FILLED)],
  [loadOf("1e4, 3 local spans each", 10_000, "answers and local spans", SMALL_BYTES, FILLED)],
  [loadOf("1e4, all broken", 10_000, "roots", SMALL_BYTES, FILLED)],
];

export const LARGE_LOADS: readonly CostGroup[] = [
  [
    loadOf("1e3 in flight", 1_000, "answers", LARGE_BYTES, FILLED_LARGE),
    loadOf("1e6 in flight", 1_000_000, "answers", LARGE_BYTES, FILLED_LARGE),
  ],
  [loadOf("1e6, as the program", 1_000_000, "program", 2 * LARGE_BYTES, FILLED_LARGE)],
  // A thousand a second: 20 at once, and a span may be of any of them. They are compared after a minute.
  [loadOf("5e3, all broken, by time", 5_000, "roots by time", 2 * SMALL_BYTES, 70_000)],
];

/** Timed are as many requests as come between two ticks at least. */
function loadOf(name: string, inFlight: number, shape: Shape, maxBytes: number, before: number): CostLoad {
  const measured = Math.max(100_000, (inFlight * TICK_MS) / DELAY_MS);
  return { name, inFlight, shape, maxBytes, before, measured };
}

/** Requests that are answered before those whose spans are roots that only their times join. */
export const TAUGHT = 5_000;

const SPANS_PER_BATCH = 100;

/** Requests whose own spans leave together: those that end within a moment. */
const TOGETHER = 25;

const boundary = defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" });

const words = Buffer.alloc(16);

/** Spread over all words, never twice the same, and a flat text as a parser cuts one out of the bytes. */
function hex(count: number, salt: number, digits: 16 | 32): string {
  for (let at = 0; at < digits / 2; at += 4) {
    const mixed = Math.imul(count + 1, 0x9e3779b1) ^ Math.imul(salt + at + 1, 0x85ebca6b);
    words.writeInt32LE(Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d), at);
  }
  return words.toString("hex", 0, digits / 2);
}

const flat = (text: string): string => Buffer.from(text, "latin1").toString("latin1");

const portOf = (count: number): number => 32_768 + (count % 512);

export function crossingAt(count: number, endMs: number, shape: Shape): Crossing {
  const lines = ["traceparent", flat(`00-${hex(count, 1, 32)}-${hex(count, 2, 16)}-01`)];
  const granted = { traceId: "", serverSpanId: hex(count, 3, 16), clientSpanId: hex(count, 4, 16) };
  const { reading, verdict, spans } = cross(boundary, lines, () => granted);
  return {
    boundary: "edge",
    side: "ingress",
    cluster: "eu-1",
    reading,
    verdict,
    spans,
    startMs: endMs - 20,
    endMs,
    protocol: "http/1.1",
    scheme: "http",
    method: "GET",
    path: "/api/cart/items",
    authority: "shop.example",
    userAgent: "Mozilla/5.0 (X11; Linux x86_64)",
    requestId: hex(count, 5, 32),
    downstream: { address: "10.0.0.9", port: 40_000 },
    upstream: {
      name: "shop",
      address: "10.1.0.2",
      port: 8080,
      localPort: shape === "roots by time" ? undefined : portOf(count),
    },
    status: 200,
    grpcStatus: undefined,
    failure: undefined,
  };
}

const OWN_RESOURCE = { "service.name": "tracemend", "service.instance.id": "edge-1" };

/** The SERVER and the CLIENT spans that the program exports for crossings. */
export function ownBatches(crossings: readonly Crossing[]): readonly Batch[] {
  const batches: Batch[] = [];
  for (let from = 0; from < crossings.length; from += TOGETHER) {
    batches.push(batchOf(OWN_RESOURCE, crossings.slice(from, from + TOGETHER).flatMap(ownSpansOf)));
  }
  return batches;
}

function ownSpansOf(crossing: Crossing): readonly SpanRecord[] {
  const { spans } = crossing;
  const passed = { ...crossing, route: "/", template: "/api/cart", service: "shop", tries: [] };
  return spans === undefined ? [] : spansOf({ ...passed, requestBytes: 0, answerBytes: 512 }, spans);
}

const RESOURCE = {
  "service.name": "shop",
  "service.version": "1.4.2",
  "k8s.pod.name": "shop-7d4b9c-x2x9q",
  "service.instance.id": "8f0c1c1e-7c3b-4d0c-9f0e-1d8f3c9a7b21",
  "telemetry.sdk.language": "nodejs",
};

/** What the called service exports for the requests from `from` on, before `until`. */
export function batchesOf(
  from: number,
  until: number,
  endMsOf: (count: number) => number,
  shape: Shape,
): readonly Batch[] {
  const batches: Batch[] = [];
  for (let first = from; first < until; first += SPANS_PER_BATCH) {
    const records: SpanRecord[] = [];
    for (let count = first; count < Math.min(until, first + SPANS_PER_BATCH); count += 1) {
      records.push(...spansFor(count, endMsOf(count), shape));
    }
    batches.push(batchOf(RESOURCE, records));
  }
  return batches;
}

function batchOf(resource: Readonly<Record<string, string>>, spans: readonly SpanRecord[]): Batch {
  return encodeSpans(resource, { name: "cost", version: "1" }, spans);
}

const HTTP = {
  "http.request.method": "GET",
  "url.path": "/api/cart/items",
  "url.scheme": "http",
  "http.route": "/api/cart",
  "server.address": "shop.example",
  "server.port": 8080,
  "network.protocol.version": "1.1",
  "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
  "http.response.status_code": 200,
};

function spansFor(count: number, requestEndMs: number, shape: Shape): SpanRecord[] {
  const traceId = hex(count, 1, 32);
  const parentId = hex(count, 4, 16);
  const times = { startMs: requestEndMs - 19, endMs: requestEndMs - 1 };
  const spanId = hex(count, 6, 16);
  const attributes = { ...HTTP, "network.peer.address": "10.0.0.2", "network.peer.port": portOf(count) };
  const server = { spanId, name: "GET /api/cart", kind: "server" as const, ...times, attributes };
  if (shape === "roots") return [{ ...server, traceId: hex(count, 7, 32) }];
  if (shape === "roots by time") {
    const startMs = requestEndMs - 18 + (words.readUInt16LE(0) % 400) / 100;
    const short = { ...server, startMs, endMs: startMs + 1 + (words.readUInt16LE(2) % 100) / 100, attributes: HTTP };
    if (count >= TAUGHT) return [{ ...short, traceId: hex(count, 7, 32) }];
    return [{ ...short, traceId, parentSpanId: parentId, flags: 0x301 }];
  }
  const answer = { ...server, traceId, parentSpanId: parentId, flags: 0x301 };
  if (shape !== "answers and local spans") return [answer];
  const local = { traceId, parentSpanId: spanId, flags: 0x101, name: "render", kind: "internal" as const, ...times };
  const inner = [8, 9, 10].map((salt) => ({
    ...local,
    spanId: hex(count, salt, 16),
    attributes: { step: "one", rows: 3 },
  }));
  return [answer, ...inner];
}
