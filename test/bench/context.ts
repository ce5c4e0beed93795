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

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const SPANS: OwnSpans = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  serverSpanId: "b7ad6b7169203331",
  clientSpanId: "53995c3f42cd8ad8",
};

/** A browser's request as a cloud load balancer hands it on: 19 fields. */
const COMMON = `Host: shop.example.com
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
Connection: keep-alive`
  .split("\n")
  .flatMap((line) => line.split(/: (.*)/s).slice(0, 2));

/** Flat texts, as a parser cuts them out of the bytes; a text that was joined here would be slower to scan. */
const flat = (text: string): string => Buffer.from(text, "latin1").toString("latin1");

const linesWith = (flags: string, tracestate = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"): FieldLines =>
  [...COMMON, "traceparent", `00-${TRACE}-${PARENT}-${flags}`, "tracestate", tracestate].map(flat);

const SAMPLED = linesWith("03");
const UNSAMPLED = linesWith("02");
const MEMBER = { cluster: "us-1", hop: 1, traceIdHash: hashTraceId(TRACE), spanId: PARENT, flags: 3 };
const BEHIND_BORDER = linesWith("03", `${OWN_KEY}=${formatOwnMember(MEMBER)},rojo=00f067aa0ba902b7`);

const boundary = defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" });
const formats = defineBoundary({
  name: "edge",
  side: "ingress",
  cluster: "eu-1",
  policy: { extract: ["w3c", "b3", "xray"], repairs: { stale: "report" } },
});
const grant = (): OwnSpans => SPANS;

function change(lines: FieldLines): FieldLines {
  return applyEdits(lines, cross(boundary, lines, grant).verdict.edits);
}

function changeAmongFormats(lines: FieldLines): FieldLines {
  return applyEdits(lines, cross(formats, lines, grant).verdict.edits);
}

const propagator = new W3CTraceContextPropagator();

function rival(headers: Record<string, string>): Record<string, string> {
  const extracted = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  const from = trace.getSpanContext(extracted);
  if (from === undefined) return headers;
  const span = { ...from, spanId: SPANS.clientSpanId, traceFlags: from.traceFlags & TraceFlags.SAMPLED };
  const carrier = { ...headers };
  propagator.inject(trace.setSpanContext(extracted, span), carrier, defaultTextMapSetter);
  return carrier;
}

function folded(lines: FieldLines): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < lines.length; at += 2)
    headers[(lines[at] as string).toLowerCase()] = lines[at + 1] as string;
  return headers;
}

function proveRight(): void {
  assert.equal(SAMPLED.length, 38);
  assert.equal(change(UNSAMPLED), UNSAMPLED);
  for (const left of [change(SAMPLED), changeAmongFormats(SAMPLED)]) {
    assert.equal(left.length, 38);
    assert.equal(fieldValue(left, "traceparent"), `00-${TRACE}-${SPANS.clientSpanId}-03`);
    assert.match(fieldValue(left, "tracestate") ?? "", /^tm=1\.eu-1\.01\.[0-9a-f]{8}\.53995c3f42cd8ad8\.03,rojo=/);
  }
  const behind = fieldValue(change(BEHIND_BORDER), "tracestate") ?? "";
  assert.match(behind, /^tm=1\.eu-1\.02\.[0-9a-f]{8}\.53995c3f42cd8ad8\.03,rojo=00f067aa0ba902b7$/);
  const other = rival(folded(SAMPLED));
  assert.equal(other["traceparent"], `00-${TRACE}-${SPANS.clientSpanId}-01`);
  assert.equal(other["tracestate"], "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
}

interface Case {
  readonly name: string;
  run(): unknown;
}

/** V8 keeps joined texts in pieces until a character is read: only then is what the wire needs paid for. */
function readValues(traceparent: string | undefined, tracestate: string | undefined): number {
  return (traceparent ?? "").charCodeAt(8) + (tracestate ?? "").charCodeAt(8);
}

function readLines(lines: FieldLines): number {
  return readValues(lines[35], lines[37]);
}

function readHeaders(carrier: Record<string, string>): number {
  return readValues(carrier["traceparent"], carrier["tracestate"]);
}

const headers = folded(SAMPLED);
const CASES: readonly Case[] = [
  { name: "nothing changes: read + judge + edit", run: () => change(UNSAMPLED) },
  { name: "own span: read + judge + edit", run: () => change(SAMPLED) },
  { name: "own span, values read", run: () => readLines(change(SAMPLED)) },
  { name: "own span behind another border, values read", run: () => readLines(change(BEHIND_BORDER)) },
  { name: "own span, b3 + xray read, stale watched", run: () => changeAmongFormats(SAMPLED) },
  { name: "OpenTelemetry extract + inject, folded already", run: () => rival(headers) },
  { name: "OpenTelemetry, folded already, values read", run: () => readHeaders(rival(headers)) },
  { name: "OpenTelemetry extract + inject, from lines", run: () => rival(folded(SAMPLED)) },
];

/** Many short rounds: on a machine that others use too, a long one is never undisturbed. */
const OPERATIONS = 20_000;
const ROUNDS = 60;
/** Kept, so that no call can be optimised away. */
let sink = 0;

/** Nanoseconds of CPU time of this process for each operation. */
function time(each: Case): number {
  const before = process.cpuUsage();
  for (let count = 0; count < OPERATIONS; count += 1) sink += each.run() === undefined ? 1 : 0;
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / OPERATIONS;
}

proveRight();
const best = CASES.map(() => Number.POSITIVE_INFINITY);
for (let round = 0; round < ROUNDS; round += 1)
  for (const [index, each] of CASES.entries()) best[index] = Math.min(best[index] as number, time(each));
assert.equal(sink, 0);
const control = best[CASES.findIndex(({ name }) => name.startsWith("OpenTelemetry"))] as number;
console.table(
  CASES.map(({ name }, index) => ({
    name,
    "ns each": Math.round(best[index] as number),
    "of OpenTelemetry": Number(((best[index] as number) / control).toFixed(2)),
  })),
);
