import { expect, it } from "vitest";
import { allowTraceFields, exposeTraceresponse } from "../src/index.ts";

it("allows the trace fields a preflight asks for beside what was allowed already", () => {
  expect(allowTraceFields("content-type, Traceparent ,tracestate", "Content-Type")).toBe(
    "Content-Type, traceparent, tracestate",
  );
  expect(allowTraceFields("baggage", undefined)).toBe("baggage");
  expect(allowTraceFields("traceparent", " ")).toBe("traceparent");
});

it("adds nothing that was not asked for, is allowed already, or is no trace field", () => {
  expect(allowTraceFields("content-type", undefined)).toBeUndefined();
  expect(allowTraceFields("traceparent", "x-a,TraceParent")).toBeUndefined();
  expect(allowTraceFields("", "x-a")).toBeUndefined();
  expect(allowTraceFields("authorization", undefined)).toBeUndefined();
});

it("names trace fields even beside a wildcard, which does not count where credentials are sent", () => {
  expect(allowTraceFields("traceparent", "*")).toBe("*, traceparent");
});

it("exposes traceresponse once", () => {
  expect(exposeTraceresponse(undefined)).toBe("traceresponse");
  expect(exposeTraceresponse("etag")).toBe("etag, traceresponse");
  expect(exposeTraceresponse("etag, TraceResponse")).toBeUndefined();
});
