/** A crossing as the proxy reports it, for tests: a sampled GET that was answered with 200. */
import type { FieldLines, OwnSpans, PolicyOptions } from "@tracemend/context";
import { cross, defineBoundary } from "@tracemend/context";
import type { Passed } from "@tracemend/proxy";
import fc from "fast-check";

export const SPANS: OwnSpans = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  serverSpanId: "b7ad6b7169203331",
  clientSpanId: "00f067aa0ba902b8",
};

export const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
export const PARENT = "00f067aa0ba902b7";

export function crossingOf(lines: FieldLines, changes: Partial<Passed> = {}, policy: PolicyOptions = {}): Passed {
  const boundary = defineBoundary({ name: "edge", side: "ingress", cluster: "us-1", policy });
  const { reading, verdict, spans } = cross(boundary, lines, () => SPANS);
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
    path: "/products",
    authority: "shop.example",
    userAgent: "curl/8",
    requestId: "order-1",
    downstream: { address: "10.0.0.1", port: 5000 },
    upstream: { name: "catalogue", address: "10.0.0.2", port: 8080, localPort: 41_000 },
    status: 200,
    grpcStatus: undefined,
    failure: undefined,
    route: "route 0",
    template: undefined,
    requestBytes: 0,
    answerBytes: 5,
    service: "catalogue",
    tries: [],
    ...changes,
  };
}

/** As a head holds it: each byte a character. */
export function headText(maxLength: number): fc.Arbitrary<string> {
  const unit = fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code));
  return fc.string({ unit, maxLength });
}
