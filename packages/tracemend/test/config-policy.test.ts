import { cross, defineBoundary } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import { policyOf, policySchema } from "../src/config-policy.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("the policy in the configuration", () => {
  it("reaches the options of the context package under their own names, at every depth", () => {
    const config = policySchema.parse({
      trust_rules: [{ when: { cidr: ["10.0.0.0/8"] }, trust: "continue" }],
      trusted_proxies: ["127.0.0.0/8"],
      sampling: { max_forced_per_second: 5 },
      tracestate_max_length: 600,
      inject_default: "b3",
      baggage: { max_bytes: 100, keep: ["user_id"] },
      upstreams: { old_service: { flags: "level-1", inject_default: "b3-multi" } },
    });
    const options = policyOf(config);
    expect(options).toMatchObject({
      trustRules: [{ when: { cidr: ["10.0.0.0/8"] }, trust: "continue" }],
      trustedProxies: ["127.0.0.0/8"],
      sampling: { maxForcedPerSecond: 5 },
      tracestateMaxLength: 600,
      injectDefault: "b3",
      baggage: { maxBytes: 100, keep: ["user_id"] },
      upstreams: { old_service: { flags: "level-1", injectDefault: "b3-multi" } },
    });
    expect(() => defineBoundary({ name: "in", side: "ingress", cluster: "eu-1", policy: options })).not.toThrow();
  });

  it("signs the own member with HMAC-SHA256, and a border with the same key believes it", () => {
    const signing = { keys: ["a long and secret key"] };
    const out = defineBoundary({ name: "out", side: "egress", cluster: "eu-1", policy: policyOf({ signing }) });
    const rules = [{ when: { signed: true }, trust: "continue" as const }];
    const trusting = policyOf({ signing, trust: "restart", trust_rules: rules });
    const inside = defineBoundary({ name: "in", side: "ingress", cluster: "us-1", policy: trusting });
    const spans = { traceId: TRACE, serverSpanId: "b7ad6b7169203331", clientSpanId: "00f067aa0ba902b8" };
    const { verdict } = cross(out, [], () => spans);
    const lines = verdict.edits.flatMap(({ name, value }) => (value === null ? [] : [name, value]));
    expect(cross(inside, lines, () => spans).verdict.reason).toBe("intact");
    const forged = lines.map((text) => (text.startsWith("tm=") ? `${text.slice(0, -4)}abcd` : text));
    expect(cross(inside, forged, () => spans).verdict.action).toBe("restart");
  });

  it("leaves everything to the defaults where nothing is said", () => {
    expect(policyOf(policySchema.parse({}))).toEqual({ upstreams: {}, now: Date.now });
  });
});
