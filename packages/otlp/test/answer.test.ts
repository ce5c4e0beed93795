import { describe, expect, it } from "vitest";
import {
  encodeExportResponse,
  encodeStatus,
  grpcStatusOfHttp,
  httpStatusOfGrpc,
  isRetryableGrpcStatus,
  isRetryableHttpStatus,
  readGrpcAnswer,
  readHttpAnswer,
} from "@tracemend/otlp";

const partial = encodeExportResponse({ rejected: 2, message: "bad ids" });

describe("the tables of OTLP", () => {
  it("repeat a request over HTTP after 429, 502, 503 and 504 only", () => {
    const all = Array.from({ length: 500 }, (_, index) => index + 100);
    expect(all.filter(isRetryableHttpStatus)).toEqual([429, 502, 503, 504]);
  });

  it("repeat a call over gRPC after six codes, and after RESOURCE_EXHAUSTED with RetryInfo", () => {
    const all = Array.from({ length: 17 }, (_, code) => code);
    expect(all.filter((code) => isRetryableGrpcStatus(code, false))).toEqual([1, 4, 10, 11, 14, 15]);
    expect(all.filter((code) => isRetryableGrpcStatus(code, true))).toEqual([1, 4, 8, 10, 11, 14, 15]);
  });

  it("give every gRPC status an HTTP status", () => {
    const all = Array.from({ length: 17 }, (_, code) => httpStatusOfGrpc(code));
    expect(all).toEqual([200, 503, 500, 400, 503, 500, 500, 403, 429, 500, 503, 503, 404, 500, 503, 503, 401]);
  });

  it("give an HTTP answer without a gRPC status one", () => {
    expect([400, 401, 403, 404, 429, 502, 503, 504, 200, 500].map(grpcStatusOfHttp)).toEqual([
      13, 16, 7, 12, 14, 14, 14, 14, 2, 2,
    ]);
  });
});

describe("readHttpAnswer", () => {
  const read = (status: number, more: object = {}): unknown => readHttpAnswer({ status, ...more }, 0);

  it("tells full from partial success", () => {
    expect(read(200)).toEqual({ kind: "accepted" });
    expect(read(202, { body: encodeExportResponse() })).toEqual({ kind: "accepted" });
    expect(read(200, { body: partial })).toEqual({ kind: "partial", rejected: 2, message: "bad ids" });
  });

  it("takes a 2xx with an unreadable body as accepted, with a warning", () => {
    expect(read(200, { body: Uint8Array.of(10) })).toEqual({
      kind: "partial",
      rejected: 0,
      message: "unreadable response: a varint ends behind its message at byte 1",
    });
  });

  it("takes a 2xx with JSON or words for what it says, also where protobuf was sent", () => {
    expect(read(200, { text: "{}" })).toEqual({ kind: "accepted" });
    expect(read(200, { text: "OK" })).toEqual({ kind: "accepted" });
    expect(read(200, { text: '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"quota"}}' })).toEqual({
      kind: "partial",
      rejected: 3,
      message: "quota",
    });
    expect(read(200, { text: '{"partialSuccess":{"rejectedLogRecords":-1}}' })).toEqual({ kind: "accepted" });
  });

  it("tells what a peer has to say of a failure, in one line and not at any length", () => {
    expect(read(401, { text: "no such\n  key" })).toMatchObject({ message: "HTTP status 401: no such key" });
    expect(read(403, { text: '{"code":7,"message":"no quota"}' })).toMatchObject({
      message: "HTTP status 403: no quota",
    });
    expect(read(503, { text: "x".repeat(5_000) })).toMatchObject({ message: `HTTP status 503: ${"x".repeat(200)}` });
    expect(read(500, { text: "" })).toMatchObject({ message: "HTTP status 500" });
  });

  it("waits as long as a 429 or 503 asks, and no other status may ask", () => {
    expect(read(503, { retryAfter: "3" })).toEqual({ kind: "busy", retryAfterMs: 3000, message: "HTTP status 503" });
    expect(read(429)).toEqual({ kind: "busy", retryAfterMs: undefined, message: "HTTP status 429" });
    expect(read(502, { retryAfter: "3" })).toMatchObject({ kind: "busy", retryAfterMs: undefined });
  });

  it("gives the message of the Status body", () => {
    expect(read(400, { body: encodeStatus({ code: 3, message: "bad span" }) })).toEqual({
      kind: "refused",
      message: "bad span",
      tooLarge: false,
      divisible: true,
    });
    expect(read(404, { body: Uint8Array.of(60, 33) })).toMatchObject({ message: "HTTP status 404" });
  });

  it("marks what may pass in smaller pieces", () => {
    expect(read(413)).toMatchObject({ kind: "refused", tooLarge: true });
    expect(read(500)).toMatchObject({ kind: "refused", tooLarge: false, divisible: false });
  });
});

describe("readGrpcAnswer", () => {
  it("tells full from partial success", () => {
    expect(readGrpcAnswer({ code: 0 })).toEqual({ kind: "accepted" });
    expect(readGrpcAnswer({ code: 0, response: partial })).toEqual({
      kind: "partial",
      rejected: 2,
      message: "bad ids",
    });
  });

  it("waits as long as RetryInfo says", () => {
    const details = encodeStatus({ code: 8, message: "", retryAfterMs: 700 });
    expect(readGrpcAnswer({ code: 8, message: "slow down", details })).toEqual({
      kind: "busy",
      retryAfterMs: 700,
      message: "slow down",
    });
    expect(readGrpcAnswer({ code: 14 })).toEqual({ kind: "busy", retryAfterMs: undefined, message: "gRPC status 14" });
  });

  it("takes RESOURCE_EXHAUSTED without RetryInfo for a size limit", () => {
    expect(readGrpcAnswer({ code: 8, message: "too big" })).toEqual({
      kind: "refused",
      message: "too big",
      tooLarge: true,
      divisible: false,
    });
    const message = "gRPC status 3";
    expect(readGrpcAnswer({ code: 3 })).toEqual({ kind: "refused", message, tooLarge: false, divisible: true });
    expect(readGrpcAnswer({ code: 16 })).toMatchObject({ kind: "refused", divisible: false });
  });
});
