import { describe, expect, it } from "vitest";
import { encodeSpans, forEachSpan } from "@tracemend/otlp";
import { METHOD_BITS, outcomeOf, statusBits } from "../src/outcome.ts";
import { hashShort } from "../src/hash.ts";
import type { RootFacts } from "../src/root-facts.ts";
import { readRoot } from "../src/root-facts.ts";

function read(attributes: Record<string, string | number>): RootFacts {
  const span = { traceId: "1".repeat(32), spanId: "2".repeat(16), name: "GET", kind: "server" as const };
  const batch = encodeSpans({}, { name: "t", version: "1" }, [{ ...span, startMs: 1, endMs: 2, attributes }]);
  const found: RootFacts[] = [];
  forEachSpan(batch, (view) => found.push({ ...readRoot(view) }));
  return found[0] as RootFacts;
}

describe("a root span", () => {
  it.each([
    { "user_agent.original": "kube-probe/1.33" },
    { "http.user_agent": "ELB-HealthChecker/2.0" },
    { "user_agent.original": "GoogleHC/1.0" },
    { "user_agent.original": "Prometheus/3.1.0" },
    { "url.path": "/readyz" },
    { "http.target": "/healthz?full=1" },
    { "http.route": "/actuator/health" },
    { "rpc.service": "grpc.health.v1.Health" },
    { "rpc.method": "grpc.health.v1.Health/Check" },
  ])("is legitimate with %j", (attributes) => {
    expect(read(attributes as Record<string, string>).legitimate).toBe(true);
  });

  it.each([
    {},
    { "url.path": "/cart" },
    { "user_agent.original": "curl/8.9 kube-probe/1" },
    { "url.path": "/health/of/users" },
    { "rpc.method": "grpc.health.v1.HealthOfUsers/Check" },
  ])("needs an explanation with %j", (attributes) => {
    expect(read(attributes as Record<string, string>).legitimate).toBe(false);
  });
});

describe("what a root span says of its request", () => {
  it.each([
    [{ "network.peer.port": 50_000, "net.peer.port": 1 }, 50_000, ""],
    [{ "net.sock.peer.port": "443" }, 443, ""],
    [{ "net.peer.port": 70_000 }, 0, ""],
    [{ "guid:x-request-id": "r-1", "request.id": "r-2" }, 0, "r-1"],
    [{ "request.id": "" }, 0, ""],
  ])("is read from %j", (attributes, peerPort, requestId) => {
    expect(read(attributes as Record<string, string | number>)).toMatchObject({ peerPort, requestId });
  });

  it("is its path without a query, but no route", () => {
    expect(read({ "url.path": "/cart", "http.route": "/{page}" }).path).toBe(hashShort("/cart"));
    expect(read({ "http.target": "/cart?id=1" }).path).toBe(hashShort("/cart"));
    expect(read({ "url.path": "", "http.target": "/cart" }).path).toBe(hashShort("/cart"));
    expect(read({ "http.target": "?id=1" }).path).toBe(0);
    expect(read({ "http.route": "/{page}" }).path).toBe(0);
  });

  it("is its method and status, told by the conventions of now or of before", () => {
    const outcome = outcomeOf({ method: "POST", status: 404, grpcStatus: undefined });
    expect(read({ "http.request.method": "POST", "http.response.status_code": 404 }).outcome).toBe(outcome);
    expect(read({ "http.method": "POST", "http.status_code": 404 }).outcome).toBe(outcome);
    expect(read({ "http.response.status_code": 404 }).outcome).toBe(statusBits(404));
    expect(read({ "http.request.method": "POST" }).outcome).toBe(outcome & METHOD_BITS);
    expect(read({}).outcome).toBe(0);
  });

  it("is its gRPC status, beside which HTTP's says nothing", () => {
    const outcome = outcomeOf({ method: "POST", status: 200, grpcStatus: 5 });
    expect(read({ "rpc.status_code": "NOT_FOUND" }).outcome).toBe(outcome);
    expect(read({ "rpc.response.status_code": "NOT_FOUND" }).outcome).toBe(outcome);
    expect(read({ "rpc.grpc.status_code": 5, "http.status_code": 200 }).outcome).toBe(outcome);
    expect(read({ "rpc.status_code": "-32602" }).outcome).toBe(0);
  });

  it("is its gRPC method as a path, told by the conventions of now or of before", () => {
    const path = hashShort("/shop.Cart/Add");
    expect(read({ "rpc.method": "shop.Cart/Add" }).path).toBe(path);
    expect(read({ "rpc.service": "shop.Cart", "rpc.method": "Add" }).path).toBe(path);
    expect(read({ "url.path": "/shop.Cart/Add", "rpc.method": "Other" }).path).toBe(path);
    expect(read({ "rpc.method": "Add" }).path).toBe(0);
    expect(read({ "rpc.service": "shop.Cart" }).path).toBe(0);
  });
});
