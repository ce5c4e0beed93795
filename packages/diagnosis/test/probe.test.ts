import { describe, expect, it } from "vitest";
import { encodeSpans, forEachSpan } from "@tracemend/otlp";
import { isLegitimateRoot } from "../src/legit-root.ts";

function judge(attributes: Record<string, string | number>): boolean {
  const span = { traceId: "1".repeat(32), spanId: "2".repeat(16), name: "GET", kind: "server" as const };
  const batch = encodeSpans({}, { name: "t", version: "1" }, [{ ...span, startMs: 1, endMs: 2, attributes }]);
  let legitimate: boolean | undefined;
  forEachSpan(batch, (view) => {
    legitimate = isLegitimateRoot(view);
  });
  return legitimate as boolean;
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
  ])("is legitimate with %j", (attributes) => {
    expect(judge(attributes as Record<string, string>)).toBe(true);
  });

  it.each([
    {},
    { "url.path": "/cart" },
    { "user_agent.original": "curl/8.9 kube-probe/1" },
    { "url.path": "/health/of/users" },
  ])("needs an explanation with %j", (attributes) => {
    expect(judge(attributes as Record<string, string>)).toBe(false);
  });
});
