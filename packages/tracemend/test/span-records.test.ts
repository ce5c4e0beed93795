import type { FieldLines, PolicyOptions } from "@tracemend/context";
import { SpanWriter, encodeSpans } from "@tracemend/otlp";
import type { Passed } from "@tracemend/proxy";
import fc from "fast-check";
import { expect, it } from "vitest";
import { spansOf } from "../src/span-records.ts";
import { writeCalls, writeSpans } from "../src/spans.ts";
import { PARENT, SPANS, TRACE, crossingOf, headText } from "./crossing.ts";

const INBOUND = ["traceparent", `00-${TRACE}-${PARENT}-01`];
const RESOURCE = { "service.name": "tracemend" };
const SCOPE = { name: "tracemend", version: "0.1.0" };

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined });
const ms = fc.double({ min: 1_700_000_000_000, max: 1_700_000_001_000, noNaN: true });
const address = fc.record({ address: fc.constantFrom("10.0.0.2", "::1"), port: fc.nat({ max: 65_535 }) });
const host = fc.constantFrom(undefined, "shop.internal");
const upstream = fc
  .tuple(address, host)
  .map(([peer, name]) => ({ ...peer, host: name, name: "catalogue", localPort: undefined }));
const status = fc.constantFrom(101, 200, 204, 404, 500, 503, 599);
const failure = fc.constantFrom(
  { kind: "lost", side: "upstream" as const },
  { kind: "client-gone", side: "downstream" as const },
);
const outcome = { startMs: ms, endMs: ms, upstream: maybe(upstream), status: maybe(status), failure: maybe(failure) };
const grpcStatus = fc.constantFrom(undefined, 0, 14);
const oneTry = fc.record({
  ...outcome,
  grpcStatus,
  spanId: fc.constantFrom(undefined, "c".repeat(16), "d".repeat(16)),
});
const head: fc.Arbitrary<FieldLines> = fc.constantFrom(
  [],
  INBOUND,
  [...INBOUND, "tracestate", "vendor=1,tm=x"],
  [...INBOUND, "tracestate", `long=${"x".repeat(250)},${"y".repeat(250)}=1,z=${"z".repeat(200)}`],
  ["traceparent", "not one"],
  ["traceparent", `00-${TRACE}-${PARENT}-00`],
);
const policy = fc.constantFrom({}, { strip: true }, { trust: "restart" }, { start: false } as const);

/** Of every kind: retries, gRPC, failures, links, copies, what is not ASCII, what is cut. */
const crossing: fc.Arbitrary<Passed> = fc
  .tuple(
    head,
    policy,
    fc.record({
      ...outcome,
      tries: fc.array(oneTry, { maxLength: 4 }),
      boundary: fc.constantFrom("edge", "other"),
      side: fc.constantFrom("ingress" as const, "egress" as const),
      cluster: fc.constantFrom("us-1", "eu-1"),
      protocol: fc.constantFrom("http/1.0" as const, "http/1.1" as const, "h2" as const),
      scheme: fc.constantFrom("http" as const, "https" as const),
      method: fc.oneof(fc.constantFrom("GET", "CONNECT"), headText(300)),
      path: headText(300).map((path) => `/${path}`),
      template: maybe(headText(20)),
      authority: fc.oneof(headText(300), fc.constantFrom("[::1]:8443", "[::1]", "shop:80", "shop:", "shop:0", "a:b")),
      userAgent: maybe(headText(300)),
      requestId: maybe(headText(300)),
      downstream: maybe(address),
      grpcStatus: fc.constantFrom(undefined, undefined, 0, 2, 5),
      service: fc.constantFrom(undefined, "catalogue"),
    }),
    fc.boolean(),
  )
  .map(([lines, policies, changes, mirrored]) =>
    crossingOf(lines, { ...changes, ...(mirrored ? { mirrored } : {}) }, policies as PolicyOptions),
  );

it("spans written without records are the same bytes as their records", () => {
  const writer = new SpanWriter(RESOURCE, SCOPE);
  fc.assert(
    fc.property(crossing, (passed) => {
      const records = spansOf(passed, SPANS);
      writeSpans(writer, passed, SPANS);
      expect(writer.finish()).toEqual(encodeSpans(RESOURCE, SCOPE, records));
      writeCalls(writer, passed, SPANS);
      expect(writer.finish()).toEqual(encodeSpans(RESOURCE, SCOPE, records.slice(1)));
    }),
    { numRuns: 1000 },
  );
});
