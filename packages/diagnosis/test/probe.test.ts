import { describe, expect, it } from "vitest";
import { isProbe } from "../src/probe.ts";

describe("a probe", () => {
  it("is known by its user agent or its path", () => {
    expect(isProbe("kube-probe/1.33", "/cart")).toBe(true);
    expect(isProbe("Envoy/HC", undefined)).toBe(true);
    expect(isProbe(undefined, "/grpc.health.v1.Health/Check")).toBe(true);
    expect(isProbe("Mozilla/5.0", "/livez")).toBe(true);
  });

  it("is no request of a person or a service", () => {
    expect(isProbe("Mozilla/5.0 kube-probe/1.33", "/cart")).toBe(false);
    expect(isProbe("Go-http-client/2.0", "/live/streams")).toBe(false);
    expect(isProbe(undefined, undefined)).toBe(false);
  });
});
