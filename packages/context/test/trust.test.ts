import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Arrival, PolicyOptions } from "../src/index.ts";
import { applyEdits, cross, defineBoundary, definePolicy, rulingOf, read } from "../src/index.ts";
import { OTHER_PARENT, PARENT, PARENT_LINE, SPANS, TRACE, pass, valuesOf } from "./heads.ts";

const LINES = ["traceparent", PARENT_LINE, "tracestate", "a=1"];
const hmac = (key: string, text: string) => createHmac("sha256", key).update(text).digest("hex");
const now = () => 1_800_000_000_000;
const signing = { hmac, keys: ["k"] };
const reasonOf = (policy: PolicyOptions, arrival: Arrival = {}, lines: readonly string[] = LINES) =>
  pass(lines, policy, SPANS, arrival).verdict.reason;

describe("trust", () => {
  it("continues, restarts with a link, or ignores without one", () => {
    expect(pass(LINES, { trust: "continue" }, SPANS).verdict).toMatchObject({ reason: "intact", links: undefined });
    expect(pass(LINES, { trust: "restart" }, SPANS).verdict.links).toEqual([
      { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "a=1" },
    ]);
    expect(pass(LINES, { trust: "ignore" }, SPANS).verdict).toMatchObject({
      action: "restart",
      reason: "ignored",
      links: undefined,
    });
  });

  it("says of a head without a context that there was none", () => {
    for (const trust of ["restart", "ignore", "restart-external"] as const)
      expect(pass(["Host", "a"], { trust }, SPANS).verdict).toMatchObject({ action: "start", reason: "no-context" });
  });

  it("restarts outsiders only, where that is asked", () => {
    const policy = { trust: "restart-external" } as const;
    const ours = pass(LINES, {}, SPANS).left;
    expect(reasonOf(policy)).toBe("untrusted");
    expect(reasonOf(policy, {}, ours)).toBe("intact");
    const stolen = [
      "traceparent",
      `00-${SPANS.traceId}-${PARENT}-01`,
      "tracestate",
      valuesOf(ours, "tracestate")[0] as string,
    ];
    expect(reasonOf(policy, {}, stolen)).toBe("untrusted");
    expect(reasonOf({ ...policy, signing, now }, {}, ours)).toBe("untrusted");
  });

  it("is decided by the first rule whose conditions all hold", () => {
    const policy: PolicyOptions = {
      trust: "restart",
      trustRules: [
        { when: { listener: "mesh", cidr: ["10.0.0.0/8"] }, trust: "continue" },
        { when: { listener: "mesh" }, trust: "ignore" },
        { when: { identity: ["spiffe://eu/*", "*.eu.example"] }, trust: "continue" },
      ],
    };
    expect(reasonOf(policy, { listener: "mesh", address: "10.2.3.4" })).toBe("intact");
    expect(reasonOf(policy, { listener: "mesh", address: "11.2.3.4" })).toBe("ignored");
    expect(reasonOf(policy, { listener: "mesh" })).toBe("ignored");
    expect(reasonOf(policy, { identities: ["x", "spiffe://eu/ns/a"] })).toBe("intact");
    expect(reasonOf(policy, { identities: ["spiffe://us/ns/a"] })).toBe("untrusted");
    expect(reasonOf(policy)).toBe("untrusted");
  });

  it("looks behind proxies that are known, and only behind those", () => {
    const policy: PolicyOptions = {
      trust: "restart",
      trustedProxies: ["192.0.2.0/24", "2001:db8::/32"],
      trustRules: [{ when: { cidr: ["10.0.0.0/8"] }, trust: "continue" }],
    };
    const lines = [...LINES, "x-forwarded-for", "10.1.1.1"];
    expect(reasonOf(policy, { address: "192.0.2.7" }, lines)).toBe("intact");
    expect(reasonOf(policy, { address: "2001:db8::7" }, lines)).toBe("intact");
    expect(reasonOf(policy, { address: "203.0.113.7" }, lines)).toBe("untrusted");
  });
});

describe("a signature in the own member", () => {
  const policy: PolicyOptions = {
    trust: "restart",
    trustRules: [{ when: { signed: true }, trust: "continue" }],
    signing,
    now,
  };

  it("makes the member no longer than 64 characters", () => {
    const boundary = defineBoundary({
      name: "e",
      side: "egress",
      cluster: "abcdefgh-1234567",
      policy: { signing, now },
    });
    const { verdict } = cross(boundary, [], () => SPANS);
    expect(verdict.context?.tracestate).toMatch(
      /^tm=1\.abcdefgh-1234567\.01\.[0-9a-f]{8}\.[0-9a-f]{16}\.03\.[\w-]{10}$/,
    );
    expect(verdict.context?.tracestate.length).toBe(64);
  });

  it("lets a trace of ours go on, across hops that rewrite the parent", () => {
    const sent = pass(LINES, { signing, now }, SPANS).left;
    expect(reasonOf(policy, {}, sent)).toBe("intact");
    const rewritten = applyEdits(sent, [{ name: "traceparent", value: `00-${TRACE}-${OTHER_PARENT}-01` }]);
    expect(reasonOf(policy, {}, rewritten)).toBe("intact");
  });

  it("does not stand for another trace, another key or another member", () => {
    const sent = pass(LINES, { signing, now }, SPANS).left;
    const state = valuesOf(sent, "tracestate")[0] as string;
    const moved = ["traceparent", `00-${SPANS.traceId}-${PARENT}-01`, "tracestate", state];
    expect(reasonOf(policy, {}, moved)).toBe("untrusted");
    const altered = applyEdits(sent, [{ name: "tracestate", value: state.replace(".eu-1.", ".us-1.") }]);
    expect(reasonOf(policy, {}, altered)).toBe("untrusted");
    expect(reasonOf({ ...policy, signing: { hmac, keys: ["other"] } }, {}, sent)).toBe("untrusted");
    expect(reasonOf(policy)).toBe("untrusted");
  });

  it("is believed a few times only", () => {
    const compiled = definePolicy({ ...policy, signing: { ...signing, maxUses: 2 } });
    const sent = pass(LINES, { signing, now }, SPANS).left;
    const trusts = [1, 2, 3].map(() => rulingOf(read(sent, compiled), compiled, sent).trust);
    expect(trusts).toEqual(["continue", "continue", "restart"]);
  });

  it("counts in a carrier too", () => {
    const carrier = { send: true };
    const stripped = pass(LINES, { signing, now, carrier }, SPANS).left.slice(-2);
    const { verdict } = pass(stripped, { ...policy, repair: "on", carrier: { read: true } }, SPANS);
    expect(verdict).toMatchObject({ action: "repair", reason: "carrier-restored" });
  });
});

describe("sampling that a caller asks for", () => {
  it("is granted up to the cap; above it the trace goes on unsampled under a new parent", () => {
    const boundary = defineBoundary({
      name: "e",
      side: "ingress",
      cluster: "eu-1",
      policy: { sampling: { maxForcedPerSecond: 1 }, now },
    });
    const verdicts = [1, 2].map(() => cross(boundary, LINES, () => SPANS).verdict);
    expect(verdicts.map((verdict) => verdict.reason)).toEqual(["intact", "sampling-capped"]);
    expect(verdicts[1]).toMatchObject({ action: "preserve", ownParent: false, context: { traceId: TRACE, flags: 0 } });
    expect(verdicts[1]?.context?.parentId).toMatch(/^(?!00f067aa0ba902b7)[0-9a-f]{16}$/);
    expect(applyEdits(LINES, verdicts[1]?.edits ?? []).slice(2)).toEqual(["tracestate", "a=1"]);
  });

  it("is not capped where the caller asks for none or a border of ours signed for it", () => {
    const none = { sampling: { maxForcedPerSecond: 0 }, now };
    expect(reasonOf(none)).toBe("intact");
    expect(reasonOf(none, {}, ["traceparent", `00-${TRACE}-${PARENT}-00`])).toBe("intact");
    const policy = definePolicy({ ...none, signing, trust: "restart-external" });
    const sent = pass(LINES, { signing, now }, SPANS).left;
    const rulings = [1, 2, 3].map(() => rulingOf(read(sent, policy), policy, sent));
    expect(rulings.map((ruling) => ruling.capped)).toEqual([false, false, false]);
  });

  it("is capped for a member that anyone could have written: without signatures nobody is excused", () => {
    const policy = definePolicy({ sampling: { maxForcedPerSecond: 1 }, now });
    const sent = pass(LINES, {}, SPANS).left;
    const rulings = [1, 2].map(() => rulingOf(read(sent, policy), policy, sent));
    expect(rulings.map((ruling) => ruling.capped)).toEqual([false, true]);
  });

  it("may be overridden where a caller forbids it", () => {
    const lines = ["traceparent", `00-${TRACE}-${PARENT}-02`];
    expect(pass(lines, {}, SPANS).left).toBe(lines);
    const { verdict, left } = pass(lines, { sampling: { denied: "override" } }, SPANS);
    expect(verdict).toMatchObject({ reason: "sampling-overridden", ownParent: true });
    expect(valuesOf(left, "traceparent")).toEqual([`00-${TRACE}-${SPANS.clientSpanId}-03`]);
    expect(pass(lines, { sampling: { denied: "override" } }).left).toBe(lines);
  });
});
