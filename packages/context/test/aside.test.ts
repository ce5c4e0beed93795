import { describe, expect, it } from "vitest";
import { FORMATS } from "../src/index.ts";
import { PARENT, PARENT_LINE, SPANS, TRACE, pass, valuesOf } from "./heads.ts";

describe("the clear list", () => {
  it("removes fields that came, before formats are written", () => {
    const lines = ["traceparent", PARENT_LINE, "X-Client-Trace-Id", "7", "b3", `${TRACE}-${PARENT}-1`];
    const policy = { clear: ["x-client-trace-id", "B3", "x-absent"] };
    expect(pass(lines, policy).left).toEqual(["traceparent", PARENT_LINE]);
    const written = pass(lines, { ...policy, inject: ["b3"] }, SPANS).left;
    expect(valuesOf(written, "b3")).toEqual([`${TRACE}-${SPANS.clientSpanId}-1`]);
    const untouched = ["traceparent", PARENT_LINE];
    expect(pass(untouched, policy).left).toBe(untouched);
  });
});

describe("the egress strip", () => {
  const fields = [...FORMATS.values()].flatMap((format) => format.fields);
  const named = "Host=a TraceParent=x tracestate=a baggage=u x-request-id=7 uberctx-user=x X-Tracemend-Context=tm1.x";
  const lines = [...named.split(" "), ...fields.map((field) => `${field}=x`)].flatMap((line) => line.split("="));
  it("removes every field of every format, and is applied last", () => {
    for (const options of [{}, { inject: ["b3"] }, { trust: "restart" }, { repair: "on" }] as const) {
      const { verdict, left } = pass(lines, { ...options, strip: true }, SPANS);
      expect(verdict).toMatchObject({ action: "strip", reason: "egress-strip", context: undefined, ownParent: false });
      expect(left).toEqual(["Host", "a", "x-request-id", "7"]);
    }
  });

  it("still has spans to report, and tells which context they go on from", () => {
    const { spans, verdict } = pass(["traceparent", PARENT_LINE], { strip: true }, SPANS);
    expect([spans, verdict.from?.parentId]).toEqual([SPANS, PARENT]);
  });

  it("touches no head that has no context", () => {
    const plain = ["Host", "a"];
    expect(pass(plain, { strip: true }, SPANS).left).toBe(plain);
  });

  it("takes a carrier out and puts the caller's own value back", () => {
    const carrier = { field: "x-request-id" };
    const sent = pass(["traceparent", PARENT_LINE, "x-request-id", "mine"], {
      carrier: { ...carrier, send: true },
    }).left;
    expect(pass(sent, { strip: true, carrier: { ...carrier, read: true } }).left).toEqual(["x-request-id", "mine"]);
  });
});
