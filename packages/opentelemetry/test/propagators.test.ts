import { ROOT_CONTEXT, defaultTextMapGetter, defaultTextMapSetter, propagation, trace } from "@opentelemetry/api";
import { W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { expect, it } from "vitest";
import { createPropagator, createPropagatorFrom } from "../src/index.ts";
import { PARENT, PARENT_LINE, ingress } from "./sdk.ts";

const KNOWN = {
  tracemend: () => createPropagator({ boundary: ingress() }),
  baggage: () => new W3CBaggagePropagator(),
  tracecontext: () => new W3CTraceContextPropagator(),
};

it("reads and writes with every propagator that the list names", () => {
  const propagator = createPropagatorFrom(" tracemend, baggage,,tracemend ", KNOWN);
  expect(propagator.fields()).toEqual(["traceparent", "tracestate", "baggage"]);
  const head = { traceparent: PARENT_LINE, baggage: "shop=7" };
  const extracted = propagator.extract(ROOT_CONTEXT, head, defaultTextMapGetter);
  expect(trace.getSpanContext(extracted)?.spanId).toBe(PARENT);
  expect(propagation.getBaggage(extracted)?.getEntry("shop")?.value).toBe("7");
  const written = {};
  propagator.inject(extracted, written, defaultTextMapSetter);
  expect(written).toEqual(head);
});

it("does nothing for none and for an empty list", () => {
  for (const list of ["none", "", "tracemend,none"]) {
    const propagator = createPropagatorFrom(list, KNOWN);
    expect(propagator.fields()).toEqual([]);
    expect(propagator.extract(ROOT_CONTEXT, { traceparent: PARENT_LINE }, defaultTextMapGetter)).toBe(ROOT_CONTEXT);
  }
});

it("refuses a name it does not know, and two that write the same field", () => {
  expect(() => createPropagatorFrom("tracemend,b4", KNOWN)).toThrow('propagators has "b4"; known are tracemend');
  expect(() => createPropagatorFrom("constructor", KNOWN)).toThrow('propagators has "constructor"');
  expect(() => createPropagatorFrom("tracemend,tracecontext", KNOWN)).toThrow("only one of them may write traceparent");
});
