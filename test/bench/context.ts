// Read + judge + edit on 19 real header fields, beside OpenTelemetry's extract + inject: proven right first, then timed
// in one run. `node test/bench/context.ts`; figures are ratios on one machine, not promises.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { ROOT_CONTEXT, TraceFlags, defaultTextMapGetter, defaultTextMapSetter, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  OWN_KEY,
  applyEdits,
  cross,
  defineBoundary,
  fieldValue,
  formatOwnMember,
  hashTraceId,
} from "@tracemend/context";
import type { FieldLines, OwnSpans } from "@tracemend/context";
import { createNoise } from "../support/noise.ts";

const SPANS: OwnSpans = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  serverSpanId: "b7ad6b7169203331",
  clientSpanId: "53995c3f42cd8ad8",
};

/** A browser's request as a cloud load balancer hands it on. With the trace's two it has 19 fields. */
const BROWSER = `Host: shop.example.com
X-Forwarded-For: 203.0.113.24
X-Forwarded-Proto: https
X-Forwarded-Port: 443
X-Request-Id: 5f0c1c1e-7c3b-4d0c-9f0e-1d8f3c9a7b21
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36
Accept: application/json, text/plain, */*
Accept-Language: en-GB,en;q=0.9,de;q=0.8
Accept-Encoding: gzip, deflate, br, zstd
Referer: https://shop.example.com/cart
Origin: https://shop.example.com
Content-Type: application/json
Content-Length: 482
Cookie: session=8f1e6c3a5d; consent=all; locale=en-GB; ab=17
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: cors
Connection: keep-alive`;

/** A service's request through a mesh, names in lower case as HTTP/2 has them. 19 fields too. */
const SERVICE = `host: stock.shop.svc.cluster.local
user-agent: grpc-java-netty/1.75.0
content-type: application/json
content-length: 118
accept: application/json
accept-encoding: gzip
authorization: Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJjYXJ0In0.c2ln
x-request-id: 0d7a6f0e-2f0b-4a53-8c62-0b9d4a1c77aa
x-forwarded-proto: https
x-forwarded-client-cert: By=spiffe://shop/ns/stock;Hash=468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688
x-envoy-attempt-count: 1
x-envoy-expected-rq-timeout-ms: 15000
x-envoy-internal: true
x-tenant: eu
idempotency-key: 3f1b
if-none-match: "a1"
cache-control: no-cache`;

/** Flat texts, as a parser cuts them out of the bytes; a text that was joined here would be slower to scan. */
const flat = (text: string): string => Buffer.from(text, "latin1").toString("latin1");

const fieldsOf = (head: string): string[] => head.split("\n").flatMap((line) => line.split(/: (.*)/s).slice(0, 2));

/**
 * A power of two: many enough that the processor does not know by heart which characters come, few enough that they stay
 * in its caches, as what was parsed a moment ago does.
 */
const HEADS = 64;
/** The same digits in every run. */
const noise = createNoise(1);
const digits = (count: number): string => {
  let text = "";
  while (text.length < count) {
    text += Math.floor(noise() * 2 ** 24)
      .toString(16)
      .padStart(6, "0");
  }
  return text.slice(0, count);
};

/** As many requests of several kinds, no two of one trace; the trace's fields stand at different places. */
function heads(flags: string, tracestateOf: (traceId: string, parentId: string) => string): readonly FieldLines[] {
  return Array.from({ length: HEADS }, (_, index) => {
    const [traceId, parentId] = [digits(32), digits(16)];
    const lines = fieldsOf(index % 2 === 0 ? BROWSER : SERVICE);
    const traceparent = `00-${traceId}-${parentId}-${flags}`;
    const trace = ["traceparent", traceparent, "tracestate", tracestateOf(traceId, parentId)];
    lines.splice(index % 4 < 2 ? lines.length : 12, 0, ...trace);
    return lines.map(flat);
  });
}

const vendors = (): string => `rojo=${digits(16)},congo=t61rcWkgMzE`;
const SAMPLED = heads("03", vendors);
const UNSAMPLED = heads("02", vendors);
const BEHIND_BORDER = heads("03", (traceId, parentId) => {
  const member = { cluster: "us-1", hop: 1, traceIdHash: hashTraceId(traceId), spanId: parentId, flags: 3 };
  return `${OWN_KEY}=${formatOwnMember(member)},rojo=${digits(16)}`;
});

const boundary = defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" });
const formats = defineBoundary({
  name: "edge",
  side: "ingress",
  cluster: "eu-1",
  policy: { extract: ["w3c", "b3", "xray"], repairs: { stale: "report" } },
});
const grant = (): OwnSpans => SPANS;
const refuse = (): undefined => undefined;

function change(lines: FieldLines): FieldLines {
  return applyEdits(lines, cross(boundary, lines, grant).edits);
}

function leaveParent(lines: FieldLines): FieldLines {
  return applyEdits(lines, cross(boundary, lines, refuse).edits);
}

function changeAmongFormats(lines: FieldLines): FieldLines {
  return applyEdits(lines, cross(formats, lines, grant).edits);
}

/** As an observer would ask: why it was judged so, and what came. */
function changeAndTell(lines: FieldLines): FieldLines {
  const passage = cross(boundary, lines, grant);
  const { reading, verdict } = passage;
  assert(reading.kind === "valid" && verdict.reason === "intact");
  return applyEdits(lines, passage.edits);
}

const propagator = new W3CTraceContextPropagator();

type Headers = Record<string, string>;

function rival(headers: Headers): Headers {
  const extracted = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  const from = trace.getSpanContext(extracted);
  if (from === undefined) return headers;
  const span = { ...from, spanId: SPANS.clientSpanId, traceFlags: from.traceFlags & TraceFlags.SAMPLED };
  const carrier = { ...headers };
  propagator.inject(trace.setSpanContext(extracted, span), carrier, defaultTextMapSetter);
  return carrier;
}

function folded(lines: FieldLines): Headers {
  const headers: Headers = {};
  for (let at = 0; at + 1 < lines.length; at += 2)
    headers[(lines[at] as string).toLowerCase()] = lines[at + 1] as string;
  return headers;
}

/** V8 keeps joined texts in pieces until a character is read: only then is what the wire needs paid for. */
function readValues(traceparent: string | undefined, tracestate: string | undefined): number {
  return (traceparent ?? "").charCodeAt(8) + (tracestate ?? "").charCodeAt(8);
}

function readLines(lines: FieldLines): number {
  const at = lines[13] === "traceparent" ? 13 : 35;
  return readValues(lines[at], lines[at + 2]);
}

function readHeaders(carrier: Headers): number {
  return readValues(carrier["traceparent"], carrier["tracestate"]);
}

function proveRight(): void {
  for (const lines of UNSAMPLED) assert.equal(change(lines), lines);
  for (const lines of SAMPLED) {
    assert.equal(lines.length, 38);
    assert.equal(leaveParent(lines), lines);
    const traceId = fieldValue(lines, "traceparent")?.slice(3, 35) ?? "";
    const hash = hashTraceId(traceId);
    const tracestate = fieldValue(lines, "tracestate");
    for (const left of [change(lines), changeAmongFormats(lines)]) {
      assert.equal(left.length, 38);
      assert.equal(fieldValue(left, "traceparent"), `00-${traceId}-${SPANS.clientSpanId}-03`);
      assert.equal(fieldValue(left, "tracestate"), `tm=1.eu-1.01.${hash}.${SPANS.clientSpanId}.03,${tracestate}`);
    }
    const other = rival(folded(lines));
    assert.equal(other["traceparent"], `00-${traceId}-${SPANS.clientSpanId}-01`);
    assert.equal(other["tracestate"], tracestate);
  }
  for (const lines of BEHIND_BORDER) {
    const behind = fieldValue(change(lines), "tracestate") ?? "";
    assert.match(behind, /^tm=1\.eu-1\.02\.[0-9a-f]{8}\.53995c3f42cd8ad8\.03,rojo=[0-9a-f]{16}$/);
  }
}

interface Case {
  readonly name: string;
  readonly repeat: (operations: number) => void;
}

/** Kept, so that no call can be optimised away. */
let sink = 0;

/** One request after the other, over and over. */
function of<T>(name: string, requests: readonly T[], run: (request: T) => unknown): Case {
  const repeat = (operations: number): void => {
    for (let count = 0; count < operations; count += 1)
      sink += run(requests[count & (HEADS - 1)] as T) === undefined ? 1 : 0;
  };
  return { name, repeat };
}

const headers = SAMPLED.map(folded);
const CASES: readonly Case[] = [
  of("nothing changes: read + judge + edit", UNSAMPLED, change),
  of("sampled, no span of ours to be had", SAMPLED, leaveParent),
  of("own span: read + judge + edit", SAMPLED, change),
  of("nothing changes, and an observer asks for the rest", UNSAMPLED, changeAndTell),
  of("own span, and an observer asks for the rest", SAMPLED, changeAndTell),
  of("own span, values read", SAMPLED, (lines) => readLines(change(lines))),
  of("own span behind another border, values read", BEHIND_BORDER, (lines) => readLines(change(lines))),
  of("own span, b3 + xray read, stale watched", SAMPLED, changeAmongFormats),
  of("OpenTelemetry extract + inject, folded already", headers, rival),
  of("OpenTelemetry, folded already, values read", headers, (each) => readHeaders(rival(each))),
  of("OpenTelemetry extract + inject, from lines", SAMPLED, (lines) => rival(folded(lines))),
];

/** Many short rounds: on a machine that others use too, a long one is never undisturbed. */
const OPERATIONS = 1024;
const ROUNDS = 1000;
const WEIGHED = 256;
/** Nanoseconds of CPU time of this process for each operation. */
function time(each: Case): number {
  const before = process.cpuUsage();
  each.repeat(OPERATIONS);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / OPERATIONS;
}

/** Bytes on the heap for each operation: of so few that hardly a collection comes between, and then it is negative. */
function weigh(each: Case): number {
  const before = process.memoryUsage().heapUsed;
  each.repeat(WEIGHED);
  const bytes = (process.memoryUsage().heapUsed - before) / WEIGHED;
  return bytes < 0 ? Number.POSITIVE_INFINITY : bytes;
}

proveRight();
const best = CASES.map(() => ({ ns: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }));
for (let round = 0; round < ROUNDS; round += 1)
  for (const [index, each] of CASES.entries()) {
    const least = best[index] as { ns: number; bytes: number };
    least.ns = Math.min(least.ns, time(each));
    least.bytes = Math.min(least.bytes, weigh(each));
  }
assert.equal(sink, 0);
const control = best[CASES.findIndex(({ name }) => name.startsWith("OpenTelemetry"))]?.ns ?? 0;
console.table(
  CASES.map(({ name }, index) => {
    const { ns, bytes } = best[index] as { ns: number; bytes: number };
    return {
      name,
      "ns each": Math.round(ns),
      "of OpenTelemetry": Number((ns / control).toFixed(2)),
      "bytes each": Math.round(bytes),
    };
  }),
);
