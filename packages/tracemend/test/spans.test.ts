import { SpanWriter } from "@tracemend/otlp";
import type { Passed, Try } from "@tracemend/proxy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spansOf } from "../src/span-records.ts";
import { CLIENT_BYTES, PAIR_BYTES, writeCalls, writeSpans } from "../src/spans.ts";
import { PARENT, SPANS, TRACE, crossingOf, headText } from "./crossing.ts";

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

  it("show of a query what may be shown", () => {
    const [server, client] = spansOf(crossingOf(INBOUND, { query: "page=2&token=REDACTED" }), SPANS);
    expect(server?.attributes).toMatchObject({ "url.path": "/products", "url.query": "page=2&token=REDACTED" });
    expect(client?.attributes).not.toHaveProperty("url.query");
    expect(spansOf(crossingOf(INBOUND), SPANS)[0]?.attributes).not.toHaveProperty("url.query");
  });

  it("of a tunnel are an HTTP SERVER span and the connection below it, which is no HTTP", () => {
    const tunnel = { method: "CONNECT", path: "", authority: "db.internal:5432" } as const;
    const [server, client] = spansOf(crossingOf(INBOUND, tunnel), SPANS);
    expect([server?.name, client?.name]).toEqual(["CONNECT", "CONNECT"]);
    expect(server?.attributes).toMatchObject({
      "http.request.method": "CONNECT",
      "http.response.status_code": 200,
      "server.address": "db.internal",
      "server.port": 5432,
    });
    expect(server?.attributes).not.toHaveProperty("url.path");
    expect(client?.attributes).toMatchObject({ "network.transport": "tcp", "peer.service": "catalogue" });
    for (const name of ["http.request.method", "http.response.status_code", "network.protocol.name"])
      expect(client?.attributes).not.toHaveProperty(name);
    const failure = { kind: "unreachable", side: "upstream" } as const;
    const [refused, failed] = spansOf(crossingOf(INBOUND, { ...tunnel, status: 502, failure }), SPANS);
    expect([refused?.status, failed?.status]).toEqual([{ code: "error" }, { code: "error" }]);
    expect(failed?.attributes).toMatchObject({ "error.type": "unreachable" });
  });

  it("have one name for all methods that nobody knows, and tell them apart as they came", () => {
    for (const span of spansOf(crossingOf(INBOUND, { method: "FETCH-42", template: "/a" }), SPANS)) {
      expect(span.name).toBe(span.kind === "server" ? "HTTP /a" : "HTTP");
      expect(span.attributes).toMatchObject({
        "http.request.method": "_OTHER",
        "http.request.method_original": "FETCH-42",
      });
    }
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
      "rpc.system.name": "grpc",
      "rpc.method": "demo.Echo/Unary",
      "rpc.status_code": "NOT_FOUND",
    });
    expect(server).not.toHaveProperty("status");
    expect(server?.attributes).not.toHaveProperty("error.type");
    expect(client).toMatchObject({ status: { code: "error" }, attributes: { "error.type": "NOT_FOUND" } });
    const [failed] = spansOf(crossingOf(INBOUND, { path: "/a.B/C", method: "POST", grpcStatus: 14 }), SPANS);
    expect(failed).toMatchObject({ status: { code: "error" }, attributes: { "error.type": "UNAVAILABLE" } });
    const [unknown] = spansOf(crossingOf(INBOUND, { path: "/a.B/Guess", method: "POST", grpcStatus: 12 }), SPANS);
    expect(unknown).toMatchObject({
      name: "grpc",
      attributes: {
        "rpc.method": "_OTHER",
        "rpc.method_original": "a.B/Guess",
        "rpc.status_code": "UNIMPLEMENTED",
        "error.type": "UNIMPLEMENTED",
      },
    });
    const [, strange] = spansOf(crossingOf(INBOUND, { path: "/a.B/C", method: "POST", grpcStatus: 99 }), SPANS);
    expect(strange?.attributes["error.type"]).toBe("99");
  });

  it("tell the name that was dialled apart from the address it led to", () => {
    const upstream = { name: "shop", address: "10.0.0.2", port: 8080, localPort: 1 };
    const attributesOf = (host: string | undefined) =>
      spansOf(crossingOf(INBOUND, { upstream: { ...upstream, host } }), SPANS)[1]?.attributes;
    const peer = { "network.peer.address": "10.0.0.2", "network.peer.port": 8080, "server.port": 8080 };
    expect(attributesOf("shop.internal")).toMatchObject({ ...peer, "server.address": "shop.internal" });
    expect(attributesOf(undefined)).toMatchObject({ ...peer, "server.address": "10.0.0.2" });
  });

  it("tell the URL that was called: where it went, by the path it had then, and no more of its query than may be shown", () => {
    const upstream = { name: "shop", host: "shop.internal", address: "10.0.0.2", port: 8080, localPort: 1 };
    const urlOf = (changes: Partial<Passed>) =>
      spansOf(crossingOf(INBOUND, { upstream, sentScheme: "http", ...changes }), SPANS)[1]?.attributes["url.full"];
    expect(urlOf({})).toBe("http://shop.internal:8080/products");
    expect(urlOf({ sentPath: "/v2/products", query: "page=2&key=REDACTED" })).toBe(
      "http://shop.internal:8080/v2/products?page=2&key=REDACTED",
    );
    expect(urlOf({ sentScheme: "https", upstream: { ...upstream, port: 443 } })).toBe("https://shop.internal/products");
    expect(urlOf({ upstream: { ...upstream, host: undefined, address: "::1", port: 80 } })).toBe(
      "http://[::1]/products",
    );
    // What is no path cannot be part of a URL, and a connection that was passed through has none.
    expect(urlOf({ method: "OPTIONS", path: "*" })).toBeUndefined();
    expect(urlOf({ method: "CONNECT", path: "db:5432" })).toBeUndefined();
    expect(urlOf({ sentScheme: undefined })).toBeUndefined();
  });

  it("tell each what is spoken with its own peer", () => {
    const upstream = { name: "shop", address: "10.0.0.2", port: 8080, localPort: 1 };
    const versions = (protocol: "h2" | "http/1.1" | undefined) =>
      spansOf(crossingOf(INBOUND, { protocol: "h2", upstream: { ...upstream, protocol } }), SPANS).map(
        ({ attributes }) => attributes?.["network.protocol.version"],
      );
    expect(versions("http/1.1")).toEqual(["2", "1.1"]);
    expect(versions("h2")).toEqual(["2", "2"]);
    expect(versions(undefined)).toEqual(["2", undefined]);
  });

  it("call a 404 an error of the caller only, and a 502 an error of both", () => {
    const statuses = (status: number) =>
      spansOf(crossingOf(INBOUND, { status }), SPANS).map((span) => [
        span.status?.code,
        span.attributes?.["error.type"],
      ]);
    expect(statuses(404)).toEqual([
      [undefined, undefined],
      ["error", "404"],
    ]);
    expect(statuses(502)).toEqual([
      ["error", "502"],
      ["error", "502"],
    ]);
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

  it("tell of each try of a call how that one ended", () => {
    const upstream = { name: "shop", address: "10.0.0.2", port: 8080, localPort: 1 };
    const failure = { kind: "refused", side: "upstream" } as const;
    const one = { spanId: undefined, upstream, startMs: 1, endMs: 2, status: 200, grpcStatus: 14, failure };
    const tries = [one, { ...one, spanId: "c".repeat(16), grpcStatus: 0, failure: undefined }];
    const call = { path: "/test.Shop/Buy", method: "POST", grpcStatus: 0, upstream, tries };
    const [server, first, second] = spansOf(crossingOf(INBOUND, call), SPANS);
    const codes = [server, first, second].map((span) => span?.attributes["rpc.status_code"]);
    expect(codes).toEqual(["OK", "UNAVAILABLE", "OK"]);
    expect([server?.status, first?.status, second?.status]).toEqual([undefined, { code: "error" }, undefined]);
    expect(second?.attributes).toMatchObject({ "http.request.resend_count": 1, "rpc.method": "test.Shop/Buy" });
    const lost = [{ ...one, status: undefined, grpcStatus: undefined }, tries[1] as Try];
    const [, unanswered] = spansOf(crossingOf(INBOUND, { ...call, tries: lost }), SPANS);
    expect(unanswered?.attributes).toMatchObject({ "rpc.system.name": "grpc" });
    expect(unanswered?.attributes).not.toHaveProperty("rpc.status_code");
  });

  it("fit the room that is held for them, whatever a peer sends", () => {
    const writer = new SpanWriter({}, SCOPE);
    fc.assert(
      fc.property(headText(3_000), headText(3_000), headText(3_000), fc.boolean(), (one, other, third, grpc) => {
        const changes = {
          path: `/${one}`,
          template: `/${other}`,
          query: other,
          service: other,
          mirrored: true as const,
          sentScheme: "https" as const,
          sentPath: `/${third}`,
          authority: other,
          userAgent: third,
          requestId: one,
          method: third,
          grpcStatus: grpc ? 2 : undefined,
          upstream: { name: other, host: third, address: "10.0.0.2", port: 8080, localPort: 1 },
        };
        const passed = crossingOf([...INBOUND, "tracestate", third], changes);
        writeSpans(writer, passed, SPANS);
        expect(writer.finish().bytes).toBeLessThanOrEqual(PAIR_BYTES);
        writeCalls(writer, passed, SPANS);
        expect(writer.finish().bytes).toBeLessThanOrEqual(CLIENT_BYTES);
      }),
      { numRuns: 200, examples: [[LONGEST, LONGEST, LONGEST, true]] },
    );
  });
});

const SCOPE = { name: "tracemend", version: "0.1.0" };

const LONGEST = `${"\u00FF".repeat(300)}/${"\u00FF".repeat(300)}`;
