import { describe, expect, it } from "vitest";
import { checkStamp } from "../../src/stages/stamp-guard.ts";

describe("the guard of the stamp", () => {
  it.each([
    ["k8s.cluster.name", "eu-1"],
    ["k8s.pod.name", "shop-7d9f8b6c5-x2x9z"],
    ["k8s.pod.uid", "275ecb36-5aa8-4c2a-9c47-d8bb681b9aff"],
    ["k8s.node.name", "ip-10-0-1-2.eu-central-1.compute.internal"],
    ["cloud.account.id", "123456789012"],
    ["host.id", "f00dfeedf00dfeedf00dfeedf00dfeed"],
    ["deployment.environment.name", "production"],
  ])("takes %s=%s", (key, value) => {
    expect(() => checkStamp({ [key]: value })).not.toThrow();
  });

  it.each([
    ["service.name", "agent", "who the sender is"],
    ["telemetry.sdk.name", "x", "who the sender is"],
    ["trace_id", "x", "the key is of high cardinality"],
    ["http.request.id", "x", "the key is of high cardinality"],
    ["user.email", "x", "the key is of high cardinality"],
    ["url.path", "/x", "the key is of high cardinality"],
    ["build", "275ecb36-5aa8-4c2a-9c47-d8bb681b9aff", "the value is of high cardinality"],
    ["build", "0af7651916cd43dd8448eb211c80319c", "the value is of high cardinality"],
    ["started", "1795000000000", "the value is of high cardinality"],
    ["started", "2026-11-22T10:00:00Z", "the value is of high cardinality"],
    ["region", "${REGION}", "was not replaced"],
    ["region", "x".repeat(256), "at most 255 characters"],
  ])("refuses %s=%s", (key, value, problem) => {
    expect(() => checkStamp({ ok: "yes", [key]: value })).toThrow(problem);
    expect(() => checkStamp({ [key]: value })).toThrow(`attributes: ${key} cannot be stamped`);
  });

  it("refuses more attributes than anybody needs", () => {
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`a${index}`, "x"]));
    expect(() => checkStamp(many)).toThrow("at most 64 can be stamped, not 65");
  });
});
