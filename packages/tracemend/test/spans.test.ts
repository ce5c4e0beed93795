import { encodeSpans } from "@tracemend/otlp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLIENT_BYTES, PAIR_BYTES, spansOf } from "../src/spans.ts";
import { PARENT, SPANS, TRACE, crossingOf } from "./crossing.ts";

const INBOUND = ["traceparent", `00-${TRACE}-${PARENT}-01`];

describe("the spans of a crossing", () => {
  it("are a SERVER span under the caller and a CLIENT span under it, in the caller's trace", () => {
    const [server, client] = spansOf(crossingOf(INBOUND), SPANS);
    expect(server).toMatchObject({
      traceId: TRACE,
      spanId: SPANS.serverSpanId,
      parentSpanId: PARENT,
      kind: "server",
      flags: 0x301,
    });
    expect(client).toMatchObject({
      traceId: TRACE,
      spanId: SPANS.clientSpanId,
      parentSpanId: SPANS.serverSpanId,
      kind: "client",
      flags: 0x101,
    });
    expect(server?.attributes).toMatchObject({
      "http.request.method": "GET",
      "url.path": "/products",
      "http.response.status_code": 200,
      "tracemend.verdict.reason": "intact",
      "tracemend.destination.cluster": "us-1",
      "network.peer.port": 5000,
    });
    expect(server?.attributes).not.toHaveProperty("error.type");
  });

  it("are named by method and route, with the host and port that were asked for apart", () => {
    const template = "/users/{id}";
    const [server, client] = spansOf(crossingOf(INBOUND, { template, authority: "[::1]:8443" }), SPANS);
    expect([server?.name, client?.name]).toEqual(["GET /users/{id}", "GET"]);
    const attributes = { "http.route": template, "server.address": "[::1]", "server.port": 8443 };
    expect(server?.attributes).toMatchObject(attributes);
    expect(client?.attributes).not.toHaveProperty("http.route");
    expect(spansOf(crossingOf(INBOUND, { authority: "shop.example" }), SPANS)[0]).toMatchObject({
      name: "GET",
      attributes: { "server.address": "shop.example" },
    });
  });

  it("say so where they are of a copy for a mirror", () => {
    const [server, client] = spansOf(crossingOf(INBOUND), SPANS);
    expect(
      [server, client].some((span) => span?.attributes !== undefined && "tracemend.mirrored" in span.attributes),
    ).toBe(false);
    expect(spansOf(crossingOf(INBOUND, { mirrored: true }), SPANS)[1]?.attributes).toMatchObject({
      "tracemend.mirrored": true,
    });
  });

  it("have no parent where the trace begins here", () => {
    const [server] = spansOf(crossingOf([]), SPANS);
    expect(server).not.toHaveProperty("parentSpanId");
    expect(server?.traceId).toBe(SPANS.traceId);
  });

  it("keep a link to the context that a restart leaves behind", () => {
    const [server] = spansOf(crossingOf(INBOUND, {}, { trust: "restart" }), SPANS);
    expect(server?.traceId).toBe(SPANS.traceId);
    expect(server?.links).toEqual([
      { traceId: TRACE, spanId: PARENT, attributes: { "tracemend.verdict.reason": "untrusted" } },
    ]);
  });

  it("stay in the caller's trace where no context leaves at all", () => {
    const [server, client] = spansOf(crossingOf(INBOUND, {}, { strip: true }), SPANS);
    expect(server).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, flags: 0x301 });
    expect(client).toMatchObject({ traceId: TRACE, parentSpanId: SPANS.serverSpanId });
  });

  it("name the method only, never the path, so that names stay few", () => {
    expect(spansOf(crossingOf(INBOUND), SPANS).map((span) => span.name)).toEqual(["GET", "GET"]);
  });

  it("name a gRPC call by service and method and carry its status", () => {
    const [server, client] = spansOf(
      crossingOf(INBOUND, { path: "/demo.Echo/Unary", method: "POST", grpcStatus: 5, protocol: "h2" }),
      SPANS,
    );
    expect(server?.name).toBe("demo.Echo/Unary");
    expect(server?.attributes).toMatchObject({
      "rpc.system": "grpc",
      "rpc.service": "demo.Echo",
      "rpc.method": "Unary",
      "rpc.grpc.status_code": 5,
    });
    expect(server).not.toHaveProperty("status");
    expect(client?.status).toEqual({ code: "error" });
  });

  it("call a 404 an error of the caller only, and a 502 an error of both", () => {
    const statuses = (status: number) =>
      spansOf(crossingOf(INBOUND, { status }), SPANS).map((span) => span.status?.code);
    expect(statuses(404)).toEqual([undefined, "error"]);
    expect(statuses(502)).toEqual(["error", "error"]);
  });

  it("are a SERVER span alone where nothing was called", () => {
    const failure = { kind: "no-route", side: "internal" } as const;
    const spans = spansOf(crossingOf(INBOUND, { upstream: undefined, status: 404, failure }), SPANS);
    expect(spans.map((span) => span.kind)).toEqual(["server"]);
    expect(spans[0]?.attributes["error.type"]).toBe("no-route");
  });

  it("are one CLIENT span for each try that has an id of its own, with the count of resends", () => {
    const upstream = { name: "catalogue", address: "10.0.0.2", port: 8080, localPort: undefined };
    const failure = { kind: "lost", side: "upstream" } as const;
    const first = { spanId: SPANS.clientSpanId, upstream: undefined, startMs: 1, endMs: 2, status: undefined, failure };
    const tries = [
      first,
      { ...first, spanId: undefined, startMs: 3, endMs: 4, status: 503, upstream },
      { ...first, spanId: "c".repeat(16), startMs: 5, endMs: 6, status: 200, failure: undefined, upstream },
    ];
    const [, shared, last, ...none] = spansOf(crossingOf(INBOUND, { tries, upstream }), SPANS);
    expect(none).toEqual([]);
    expect(shared).toMatchObject({ spanId: SPANS.clientSpanId, startMs: 1, endMs: 4, status: { code: "error" } });
    expect(shared?.attributes).toMatchObject({ "http.request.resend_count": 1, "http.response.status_code": 503 });
    expect(last).toMatchObject({ spanId: "c".repeat(16), startMs: 5, endMs: 6, parentSpanId: SPANS.serverSpanId });
    expect(last).not.toHaveProperty("status");
    expect(last?.attributes["http.request.resend_count"]).toBe(2);
  });

  it("fit the room that is held for them, whatever a peer sends", () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
      maxLength: 3000,
    });
    fc.assert(
      fc.property(
        text,
        text,
        text,
        text,
        text,
        text,
        fc.boolean(),
        (path, authority, userAgent, requestId, state, method, grpc) => {
          const lines = [...INBOUND, "tracestate", state];
          const changes = {
            path: `/${path}`,
            template: `/${path}`,
            mirrored: true as const,
            authority,
            userAgent,
            requestId,
            method,
            grpcStatus: grpc ? 2 : undefined,
          };
          const spans = spansOf(crossingOf(lines, changes), SPANS);
          const scope = { name: "tracemend", version: "0.1.0" };
          expect(encodeSpans({}, scope, spans).bytes).toBeLessThanOrEqual(PAIR_BYTES);
          expect(encodeSpans({}, scope, spans.slice(1)).bytes).toBeLessThanOrEqual(CLIENT_BYTES);
        },
      ),
      { numRuns: 200 },
    );
  });
});
