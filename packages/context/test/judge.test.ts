import { describe, expect, it } from "vitest";
import { OTHER_PARENT, PARENT, PARENT_LINE, SPANS, TRACE, pass, valuesOf } from "./heads.ts";

const own = (left: readonly string[]) => valuesOf(left, "tracestate")[0]?.split(",")[0];

describe("a boundary", () => {
  it("puts its own exported span in the parent and keeps the trace", () => {
    const { verdict, left } = pass(["Host", "a", "traceparent", `00-${TRACE}-${PARENT}-01`], {}, SPANS);
    expect(verdict).toMatchObject({ action: "preserve", reason: "intact", ownParent: true });
    expect(left).toEqual([
      "Host",
      "a",
      "traceparent",
      `00-${TRACE}-${SPANS.clientSpanId}-01`,
      "tracestate",
      `tm=1.eu-1.01.${verdict.context?.tracestate.split(".")[3]}.${SPANS.clientSpanId}.01`,
    ]);
  });

  it("lets the lines through untouched when no span of its own is accepted for export", () => {
    const lines = ["traceparent", `00-${TRACE}-${PARENT}-01`, "tracestate", "a=1"];
    const { verdict, left } = pass(lines, {}, undefined);
    expect(verdict).toMatchObject({ action: "preserve", reason: "intact", ownParent: false });
    expect(left).toBe(lines);
  });

  it("restores the context that a stripping hop lost, and the caller's own request id", () => {
    const carrier = { field: "x-request-id" };
    const out = pass(
      ["traceparent", `00-${TRACE}-${PARENT}-01`, "X-Request-Id", "abc-1"],
      { carrier: { ...carrier, send: true } },
      SPANS,
    );
    const stripped = out.left.filter((_, at) => out.left[at - (at % 2)] === "X-Request-Id");
    expect(stripped[1]).toMatch(/^tm1\./);
    const back = pass(stripped, { repair: "on", carrier: { ...carrier, read: true } }, undefined);
    expect(back.verdict).toMatchObject({ action: "repair", reason: "carrier-restored" });
    expect(back.left.slice(0, 4)).toEqual([
      "X-Request-Id",
      "abc-1",
      "traceparent",
      `00-${TRACE}-${SPANS.clientSpanId}-01`,
    ]);
    const dry = pass(stripped, { repair: "report", carrier: { ...carrier, read: true } }, SPANS);
    expect(dry.verdict).toMatchObject({ action: "start", reason: "carrier-reported" });
    expect(dry.left.slice(0, 2)).toEqual(["X-Request-Id", "abc-1"]);
  });
});

describe("a boundary without spans of its own", () => {
  it("leaves a newer version, reserved flags and an odd tracestate as they came", () => {
    for (const value of [`cc-${TRACE}-${PARENT}-01-future`, `00-${TRACE}-${PARENT}-ff`]) {
      const lines = ["traceparent", value, "tracestate", "a=1, ,B=2"];
      expect(pass(lines).left).toBe(lines);
    }
  });

  it("lets one of several identical lines through, byte for byte", () => {
    const value = `cc-${TRACE}-${PARENT}-09-x`;
    expect(pass(["TraceParent", value, "traceparent", value]).left).toEqual(["TraceParent", value]);
    expect(pass(["traceparent", `${PARENT_LINE}, ${PARENT_LINE}`]).left).toEqual(["traceparent", PARENT_LINE]);
  });

  it("removes a tracestate that is empty or orphaned", () => {
    expect(pass(["traceparent", PARENT_LINE, "tracestate", " "]).left).toEqual(["traceparent", PARENT_LINE]);
    expect(pass(["tracestate", "a=1", "Host", "a"]).left).toEqual(["Host", "a"]);
  });

  it("removes a context that nobody can continue", () => {
    const { verdict, left } = pass(["traceparent", "00-x", "tracestate", "a=1", "Host", "a"]);
    expect(verdict).toMatchObject({ action: "strip", reason: "no-span", context: undefined });
    expect(left).toEqual(["Host", "a"]);
  });

  it("touches no head without a context, cut or not", () => {
    const lines = ["Host", "a"];
    expect(pass(lines, {}, undefined, { truncated: true }).left).toBe(lines);
  });

  it("sends fields that Connection names all the same, unless told not to", () => {
    const lines = ["traceparent", PARENT_LINE, "tracestate", "a=1", "Connection", "traceparent, tracestate"];
    const { verdict } = pass(lines);
    expect(verdict.edits).toEqual([
      { name: "traceparent", value: PARENT_LINE },
      { name: "tracestate", value: "a=1" },
    ]);
    expect(verdict.repaired).toEqual(["nominated"]);
    const dry = pass(lines, { repairs: { nominated: "report" } }).verdict;
    expect([dry.edits, dry.reported]).toEqual([[], ["nominated"]]);
    expect(pass(lines, { repairs: { nominated: "off" } }).verdict).toMatchObject({ edits: [], reported: undefined });
  });
});

describe("a boundary with a span of its own", () => {
  it("downgrades a newer version, keeps the random bit and drops reserved ones", () => {
    const { left } = pass(["traceparent", `cc-${TRACE}-${PARENT}-0f-x`], {}, SPANS);
    expect(valuesOf(left, "traceparent")).toEqual([`00-${TRACE}-${SPANS.clientSpanId}-03`]);
  });

  it("restarts on conflicting and on unreadable lines, and drops tracestate with them", () => {
    for (const bad of [
      ["traceparent", `00-${SPANS.traceId}-${PARENT}-01`, "traceparent", PARENT_LINE],
      ["traceparent", "?"],
    ]) {
      const { verdict, left } = pass([...bad, "tracestate", "a=1"], {}, SPANS);
      expect(verdict).toMatchObject({ action: "restart", reason: "invalid-context", from: undefined });
      expect(valuesOf(left, "traceparent")).toEqual([`00-${SPANS.traceId}-${SPANS.clientSpanId}-03`]);
      expect(valuesOf(left, "tracestate")).toEqual([expect.stringMatching(/^tm=[^,]+$/)]);
    }
  });

  it("restarts an untrusted trace and links to it", () => {
    const lines = ["traceparent", PARENT_LINE, "tracestate", "a=1"];
    const { verdict, left } = pass(lines, { trust: "restart" }, SPANS);
    expect(verdict).toMatchObject({
      action: "restart",
      reason: "untrusted",
      links: [{ traceId: TRACE, parentId: PARENT }],
    });
    expect(valuesOf(left, "tracestate").join()).not.toContain("a=1");
    expect(pass(["Host", "a"], { trust: "restart" }, SPANS).verdict).toMatchObject({
      action: "start",
      links: undefined,
    });
  });

  it("drops an invalid tracestate whole, or keeps its valid members by policy", () => {
    const lines = ["traceparent", PARENT_LINE, "tracestate", "a=1,B=2,c=3"];
    expect(valuesOf(pass(lines, {}, SPANS).left, "tracestate")).toEqual([own(pass(lines, {}, SPANS).left)]);
    const kept = pass(lines, { repairs: { members: "on" } }, SPANS);
    expect(valuesOf(kept.left, "tracestate")).toEqual([`${own(kept.left)},a=1,c=3`]);
    expect(kept.verdict.repaired).toEqual(["members"]);
    expect(pass(lines, { repair: "report" }, SPANS).verdict.reported).toEqual(["members"]);
  });

  it("counts borders in its own member and puts it before the others", () => {
    const once = pass(["traceparent", PARENT_LINE, "tracestate", "a=1"], {}, SPANS);
    const twice = pass(once.left, {}, { ...SPANS, clientSpanId: OTHER_PARENT });
    expect(own(twice.left)).toMatch(/^tm=1\.eu-1\.02\./);
    expect(valuesOf(twice.left, "tracestate")).toEqual([`${own(twice.left)},a=1`]);
  });

  it("does not begin a trace, nor replace one, where the policy starts none", () => {
    expect(pass(["Host", "a"], { start: false }, SPANS).verdict).toMatchObject({
      action: "preserve",
      reason: "start-off",
    });
    expect(pass(["traceparent", "?"], { start: false }, SPANS).verdict).toMatchObject({
      action: "strip",
      reason: "invalid-context",
    });
  });
});

describe("a repair by policy", () => {
  const doubled = ["traceparent", PARENT_LINE, "traceparent", `00-${TRACE}-${OTHER_PARENT}-01`, "tracestate", "a=1"];

  it("takes the last or the first of several values of one trace", () => {
    const last = pass(doubled, { repairs: { duplicates: "on" } });
    expect(last.verdict).toMatchObject({ action: "repair", reason: "duplicates-repaired", repaired: ["duplicates"] });
    expect(last.left).toEqual(["traceparent", `00-${TRACE}-${OTHER_PARENT}-01`, "tracestate", "a=1"]);
    const first = pass(doubled, { repairs: { duplicates: "on" }, duplicate: "first" });
    expect(valuesOf(first.left, "traceparent")).toEqual([PARENT_LINE]);
  });

  it("lowers upper case", () => {
    const lines = ["traceparent", PARENT_LINE.toUpperCase()];
    expect(pass(lines, { repair: "on" })).toMatchObject({
      verdict: { action: "repair", reason: "case-repaired", ownParent: false },
      left: ["traceparent", PARENT_LINE],
    });
    expect(pass(lines, {}, SPANS).verdict).toMatchObject({ action: "restart", reason: "invalid-context" });
  });

  it("only reports where it is a dry run", () => {
    for (const [lines, name] of [
      [doubled, "duplicates"],
      [["traceparent", PARENT_LINE.toUpperCase()], "case"],
    ] as const) {
      const dry = pass(lines, { repair: "report" }, SPANS).verdict;
      const off = pass(lines, {}, SPANS).verdict;
      expect(dry).toEqual({ ...off, reported: [name] });
    }
  });

  it("has no say in an untrusted head", () => {
    const { verdict } = pass(doubled, { repair: "on", trust: "restart" }, SPANS);
    expect(verdict).toMatchObject({ action: "restart", reason: "untrusted", repaired: undefined });
  });
});

describe("the parent a border exported", () => {
  const sent = pass(["traceparent", PARENT_LINE], {}, SPANS).left;
  const rewritten = ["traceparent", `00-${TRACE}-${OTHER_PARENT}-00`, ...sent.slice(2)];
  const policy = { repairs: { parent: "on" } } as const;

  it("takes the place of one that an opaque hop put there, and so do its flags", () => {
    const { verdict, left } = pass(rewritten, policy);
    expect(verdict).toMatchObject({ action: "repair", reason: "parent-restored", repaired: ["parent"] });
    expect(valuesOf(left, "traceparent")).toEqual([`00-${TRACE}-${SPANS.clientSpanId}-01`]);
  });

  it("is left alone where nothing came between, in another trace, or by default", () => {
    expect(pass(sent, policy).verdict.reason).toBe("intact");
    const restarted = ["traceparent", `00-${SPANS.traceId}-${OTHER_PARENT}-01`, ...sent.slice(2)];
    expect(pass(restarted, policy).verdict.reason).toBe("intact");
    expect(pass(rewritten, { repair: "on" }).left).toBe(rewritten);
    expect(pass(rewritten, { repairs: { parent: "report" } }).verdict).toMatchObject({
      reason: "intact",
      reported: ["parent"],
    });
  });
});

describe("a flag profile", () => {
  const lines = ["traceparent", `00-${TRACE}-${PARENT}-0b`];

  it("takes bits away that an upstream refuses, even from a context that passes", () => {
    expect(pass(lines).left).toBe(lines);
    expect(pass(lines, { flags: "level-2" }).left).toEqual(["traceparent", `00-${TRACE}-${PARENT}-03`]);
    expect(pass(lines, { flags: "level-1" }).left).toEqual(["traceparent", `00-${TRACE}-${PARENT}-01`]);
    const plain = ["traceparent", PARENT_LINE];
    expect(pass(plain, { flags: "level-1" }).left).toBe(plain);
  });

  it("may differ by upstream, and so may what is written and stripped", () => {
    const policy = {
      inject: ["gcp"],
      upstreams: { apisix: { flags: "level-1", inject: ["b3"] }, partner: { strip: true } },
    } as const;
    const to = (upstream?: string) => pass(lines, policy, SPANS, { upstream }).left.filter((_, at) => at % 2 === 0);
    expect(to("apisix")).toEqual(["traceparent", "tracestate", "b3"]);
    expect(to("partner")).toEqual([]);
    expect(to("other")).toEqual(["traceparent", "tracestate", "x-cloud-trace-context"]);
    expect(to()).toEqual(to("other"));
  });
});
