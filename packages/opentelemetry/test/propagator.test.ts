import type { Context } from "@opentelemetry/api";
import { ROOT_CONTEXT, defaultTextMapGetter, defaultTextMapSetter, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator, suppressTracing } from "@opentelemetry/core";
import { AlwaysOffSampler, ParentBasedSampler, AlwaysOnSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import type { PolicyOptions } from "@tracemend/context";
import { parseOwnMember } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import type { PropagatorOptions } from "../src/index.ts";
import { arrivedIn, createPropagator } from "../src/index.ts";
import { OTHER_LINE, PARENT, PARENT_LINE, TRACE, ingress } from "./sdk.ts";

type Head = Record<string, string | string[]>;

function pair(policy: PolicyOptions = {}, options: Partial<PropagatorOptions> = {}) {
  const propagator = createPropagator({ boundary: ingress(policy), ...options });
  return {
    extract: (head: Head, before: Context = ROOT_CONTEXT) => propagator.extract(before, head, defaultTextMapGetter),
    inject: (context: Context): Record<string, string> => {
      const head: Record<string, string> = {};
      propagator.inject(context, head, defaultTextMapSetter);
      return head;
    },
    fields: () => propagator.fields(),
  };
}

const sampling = new TracerProvider({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) });
const dropping = new TracerProvider({ sampler: new AlwaysOffSampler() });

function inSpan(context: Context, provider: TracerProvider = sampling): Context {
  return trace.setSpan(context, provider.getTracer("test").startSpan("work", {}, context));
}

const spanIdIn = (context: Context): string => trace.getSpanContext(context)?.spanId ?? "";

describe("what is extracted", () => {
  it("is the context that came in, as a remote parent", () => {
    const { extract } = pair();
    const extracted = trace.getSpanContext(extract({ traceparent: PARENT_LINE, tracestate: "rojo=1,congo=2" }));
    expect(extracted).toMatchObject({ traceId: TRACE, spanId: PARENT, traceFlags: 1, isRemote: true });
    expect(extracted?.traceState?.serialize()).toBe("rojo=1,congo=2");
  });

  it("sees lines that came twice: identical ones are one, conflicting ones are none", () => {
    const { extract } = pair();
    expect(spanIdIn(extract({ traceparent: [PARENT_LINE, PARENT_LINE] }))).toBe(PARENT);
    expect(spanIdIn(extract({ traceparent: `${PARENT_LINE}, ${PARENT_LINE}` }))).toBe(PARENT);
    expect(trace.getSpanContext(extract({ traceparent: [PARENT_LINE, OTHER_LINE] }))).toBeUndefined();
    const w3c = new W3CTraceContextPropagator();
    const joined = { traceparent: `${PARENT_LINE}, ${PARENT_LINE}` };
    expect(trace.getSpanContext(w3c.extract(ROOT_CONTEXT, joined, defaultTextMapGetter))).toBeUndefined();
  });

  it("is a context that a repair brought back, where the policy says so", () => {
    const carrier = `tm1.${TRACE}.${PARENT}.01.eu-1`;
    const policy = { carrier: { field: "x-request-id", read: true } };
    expect(spanIdIn(pair({ ...policy, repair: "on" }).extract({ "x-request-id": carrier }))).toBe(PARENT);
    expect(spanIdIn(pair({ ...policy, repair: "report" }).extract({ "x-request-id": carrier }))).toBe("");
    expect(spanIdIn(pair({ repair: "on" }).extract({ traceparent: PARENT_LINE.toUpperCase() }))).toBe(PARENT);
  });

  it("has no parent where the caller is not trusted, and what arrived stays at hand", () => {
    const extracted = pair({ trust: "restart" }).extract({ traceparent: PARENT_LINE });
    expect(trace.getSpanContext(extracted)).toBeUndefined();
    expect(arrivedIn(extracted)).toMatchObject({ verdict: { reason: "untrusted" }, reading: { kind: "valid" } });
  });

  it("leaves a context alone to which nothing came, and takes a stale parent out where something invalid did", () => {
    const { extract } = pair();
    const before = trace.setSpanContext(ROOT_CONTEXT, { traceId: TRACE, spanId: PARENT, traceFlags: 1 });
    expect(spanIdIn(extract({}, before))).toBe(PARENT);
    expect(spanIdIn(extract({ traceparent: "00-0-0-0" }, before))).toBe("");
  });

  it("is told of, and an observer that throws changes nothing", () => {
    const seen: string[] = [];
    const { extract } = pair(
      {},
      {
        observe: ({ verdict }) => {
          seen.push(verdict.reason);
          throw new Error("observer");
        },
      },
    );
    expect(spanIdIn(extract({ traceparent: PARENT_LINE }))).toBe(PARENT);
    expect(seen).toEqual(["intact"]);
  });

  it("keeps a tracestate that OpenTelemetry's own would cut", () => {
    const long = Array.from({ length: 20 }, (_, at) => `vendor${at}=${"x".repeat(40)}`).join(",");
    const { extract, inject } = pair({ tracestateMaxLength: 4096 });
    expect(inject(extract({ traceparent: PARENT_LINE, tracestate: long }))["tracestate"]).toBe(long);
  });
});

describe("what is injected", () => {
  it("names the span, keeps the random flag and masks the reserved ones, whatever flags came", () => {
    const { extract, inject } = pair();
    for (let flags = 0; flags < 256; flags += 1) {
      const byte = flags.toString(16).padStart(2, "0");
      const context = inSpan(extract({ traceparent: `00-${TRACE}-${PARENT}-${byte}` }));
      const sampled = (flags & 1) === 1;
      const expected = sampled ? `00-${TRACE}-${spanIdIn(context)}-0${flags & 3}` : `00-${TRACE}-${PARENT}-${byte}`;
      expect(inject(context)["traceparent"]).toBe(expected);
    }
  });

  it("is what OpenTelemetry writes malformed: the flags of a context that passes through", () => {
    const head = { traceparent: `00-${TRACE}-${PARENT}-ff` };
    const { extract, inject } = pair();
    expect(inject(extract(head))["traceparent"]).toBe(`00-${TRACE}-${PARENT}-ff`);
    const w3c = new W3CTraceContextPropagator();
    const written: Record<string, string> = {};
    w3c.inject(w3c.extract(ROOT_CONTEXT, head, defaultTextMapGetter), written, defaultTextMapSetter);
    expect(written["traceparent"]).toBe(`00-${TRACE}-${PARENT}-0ff`);
  });

  it("never names a span that is not exported, unless the sampler took the caller's decision back", () => {
    const { extract, inject } = pair();
    const unsampled = `00-${TRACE}-${PARENT}-00`;
    expect(inject(inSpan(extract({ traceparent: unsampled, tracestate: "a=1" }), dropping))).toEqual({
      traceparent: unsampled,
      tracestate: "a=1",
    });
    const dropped = inSpan(extract({ traceparent: PARENT_LINE }), dropping);
    expect(inject(dropped)["traceparent"]).toBe(`00-${TRACE}-${spanIdIn(dropped)}-00`);
  });

  it("has the own member first for a span that is exported, one hop further", () => {
    const { extract, inject } = pair();
    const context = inSpan(extract({ traceparent: PARENT_LINE, tracestate: "rojo=1" }));
    const { tracestate = "" } = inject(context);
    expect(tracestate).toMatch(/^tm=.*,rojo=1$/);
    const member = parseOwnMember(tracestate.slice(3, tracestate.indexOf(",")));
    expect(member).toMatchObject({ cluster: "eu-1", hop: 1, spanId: spanIdIn(context), flags: 1 });
    const next = inSpan(extract({ traceparent: PARENT_LINE, tracestate }));
    expect(parseOwnMember(inject(next)["tracestate"]?.slice(3).split(",")[0] ?? "")).toMatchObject({ hop: 2 });
    expect(inject(inSpan(extract({ traceparent: PARENT_LINE }), dropping))["tracestate"]).toBeUndefined();
  });

  it("has a carrier where the policy sends one", () => {
    const { extract, inject, fields } = pair({ carrier: { send: true } });
    const context = inSpan(extract({ traceparent: PARENT_LINE }));
    expect(inject(context)["x-tracemend-context"]).toMatch(
      new RegExp(`^tm1\\.${TRACE}\\.${spanIdIn(context)}\\.01\\.eu-1`),
    );
    expect(fields()).toEqual(["traceparent", "tracestate", "x-tracemend-context"]);
    expect(pair().inject(context)["x-tracemend-context"]).toBeUndefined();
  });

  it("is nothing without a span, and nothing where tracing is suppressed", () => {
    const { extract, inject } = pair();
    expect(inject(ROOT_CONTEXT)).toEqual({});
    expect(inject(suppressTracing(extract({ traceparent: PARENT_LINE })))).toEqual({});
  });

  it("begins a trace of its own where the span is a root", () => {
    const { inject } = pair();
    const context = inSpan(ROOT_CONTEXT);
    expect(inject(context)["traceparent"]).toBe(`00-${trace.getSpanContext(context)?.traceId}-${spanIdIn(context)}-01`);
  });
});

describe("other formats", () => {
  const b3 = `${TRACE}-${PARENT}-1`;

  it("are read where the policy takes contexts from them, and written back with the span", () => {
    const { extract, inject, fields } = pair({ extract: ["w3c", "b3"] });
    const context = inSpan(extract({ b3 }));
    const left = inject(context);
    expect(left["traceparent"]).toBe(`00-${TRACE}-${spanIdIn(context)}-01`);
    expect(left["b3"]).toMatch(new RegExp(`^${TRACE}-${spanIdIn(context)}-1`));
    expect(fields()).toContain("b3");
    expect(trace.getSpanContext(pair().extract({ b3 }))).toBeUndefined();
  });

  it("are written beside W3C's where the policy says so, of a context that passes through too", () => {
    const { extract, inject } = pair({ inject: ["w3c", "b3"] });
    const context = extract({ traceparent: PARENT_LINE });
    expect(inject(context)["b3"]).toMatch(new RegExp(`^${TRACE}-${PARENT}-1`));
    expect(inject(inSpan(context))["b3"]).toMatch(new RegExp(`^${TRACE}-(?!${PARENT})[0-9a-f]{16}-1`));
    expect(inject(inSpan(ROOT_CONTEXT))["b3"]).toMatch(/^[0-9a-f]{32}-[0-9a-f]{16}-1/);
  });

  it("leave in none at all where the policy strips", () => {
    const { extract, inject } = pair({ strip: true });
    const left = inject(inSpan(extract({ traceparent: PARENT_LINE })));
    expect(left["traceparent"]).toBeUndefined();
  });
});
