import { describe, expect, it } from "vitest";
import {
  formatContentType,
  formatRetryAfter,
  httpPath,
  parseContentType,
  parseRetryAfter,
  signalOfHttpPath,
} from "@tracemend/otlp";

describe("parseContentType", () => {
  it.each<[string | undefined, string | undefined]>([
    ["application/x-protobuf", "protobuf"],
    ["application/json", "json"],
    ["Application/JSON; charset=utf-8", "json"],
    [" application/x-protobuf ;v=1", "protobuf"],
    ["application/protobuf", undefined],
    ["text/plain", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("of %j is %j", (value, encoding) => {
    expect(parseContentType(value)).toBe(encoding);
  });

  it("reads what formatContentType writes", () => {
    expect(parseContentType(formatContentType("json"))).toBe("json");
    expect(parseContentType(formatContentType("protobuf"))).toBe("protobuf");
  });
});

describe("parseRetryAfter", () => {
  const nowMs = Date.parse("2026-11-22T10:00:00Z");

  it.each<[string | undefined, number | undefined]>([
    ["0", 0],
    ["120", 120_000],
    [" 7 ", 7000],
    ["Sun, 22 Nov 2026 10:00:30 GMT", 30_000],
    ["Sunday, 22-Nov-26 10:00:30 GMT", 30_000],
    ["Sun Nov 22 10:00:30 2026 GMT", 30_000],
    ["Sun, 22 Nov 2026 09:00:00 GMT", 0],
    ["-5", undefined],
    ["1.5", undefined],
    ["2026-11-22", undefined],
    ["soon", undefined],
    ["Sun, whenever", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("of %j is %j", (value, ms) => {
    expect(parseRetryAfter(value, nowMs)).toBe(ms);
  });

  it("formatRetryAfter rounds up to whole seconds", () => {
    expect([0, 1, 1000, 1001].map((ms) => formatRetryAfter(ms))).toEqual(["0", "1", "1", "2"]);
  });
});

it("every signal has a path, and every path its signal", () => {
  for (const signal of ["traces", "metrics", "logs", "profiles"] as const) {
    expect(signalOfHttpPath(httpPath(signal))).toBe(signal);
  }
  expect(httpPath("profiles")).toBe("/v1development/profiles");
  expect(signalOfHttpPath("/v1/traces/")).toBeUndefined();
});
