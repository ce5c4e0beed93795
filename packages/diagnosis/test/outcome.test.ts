import { describe, expect, it } from "vitest";
import {
  METHOD_BITS,
  STATUS_BITS,
  mayBeSame,
  methodBits,
  namedStatusBits,
  outcomeOf,
  statusBits,
} from "../src/outcome.ts";

const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

const http = (method: string, status?: number): number => outcomeOf({ method, status, grpcStatus: undefined });

describe("an outcome", () => {
  it("tells methods apart, and the statuses that are usual on one path", () => {
    expect(new Set(METHODS.map((method) => http(method))).size).toBe(METHODS.length);
    const statuses = [200, 201, 202, 204, 301, 302, 303, 304, 400, 401, 403, 404, 409, 422, 429, 500, 503, 504];
    expect(new Set(statuses.map(statusBits)).size).toBe(statuses.length);
    for (const status of statuses) expect(statusBits(status) & ~STATUS_BITS).toBe(0);
    for (const method of METHODS) {
      expect(methodBits(method.length, method.charCodeAt(0)) & ~METHOD_BITS).toBe(0);
      expect(http(method, 200)).toBe(http(method) | statusBits(200));
    }
    expect(http("")).toBe(http("PROPFIND"));
  });

  it("of gRPC is its own status, by number or by name", () => {
    const outcome = outcomeOf({ method: "POST", status: 200, grpcStatus: 5 });
    expect(outcome).toBe(namedStatusBits("NOT_FOUND"));
    expect(outcome).not.toBe(namedStatusBits("OK"));
    expect(namedStatusBits("NOT_A_STATUS")).toBe(0);
  });

  it("may be that of another only where nothing differs that both tell", () => {
    const none = 0;
    const ok = statusBits(200);
    for (const one of [none, ok, http("GET"), http("GET", 200)]) {
      for (const other of [none, ok, http("GET"), http("GET", 200)]) expect(mayBeSame(one, other)).toBe(true);
    }
    expect(mayBeSame(http("GET", 200), http("GET", 404))).toBe(false);
    expect(mayBeSame(http("GET", 200), http("POST", 200))).toBe(false);
    expect(mayBeSame(http("GET", 200), http("POST"))).toBe(false);
    expect(mayBeSame(http("GET", 404), ok)).toBe(false);
  });
});
