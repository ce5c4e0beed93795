import { describe, expect, it } from "vitest";
import { decodeStatus, encodeStatus } from "@tracemend/otlp";
import { concat, len, num, str, tag } from "./support/bytes.ts";

const retryInfo = (...delay: readonly Uint8Array[]): Uint8Array =>
  len(3, str(1, "type.googleapis.com/google.rpc.RetryInfo"), len(2, len(1, ...delay)));

describe("google.rpc.Status", () => {
  it("has the bytes of the specification", () => {
    expect(encodeStatus({ code: 14, message: "queue full", retryAfterMs: 1500 })).toEqual(
      concat(num(1, 14), str(2, "queue full"), retryInfo(num(1, 1), num(2, 500_000_000))),
    );
    expect(encodeStatus({ code: 0, message: "" })).toEqual(concat());
  });

  it.each([
    { code: 8, message: "later", retryAfterMs: 250.5 },
    { code: 8, message: "at once", retryAfterMs: 0 },
    { code: 3, message: "größer" },
  ])("reads back %j", (status) => {
    expect(decodeStatus(encodeStatus(status))).toEqual({ kind: "status", status });
  });

  it("passes over other details and details it cannot read", () => {
    const other = len(3, str(1, "type.googleapis.com/google.rpc.ErrorInfo"), len(2, num(1, 1)));
    const broken = len(3, str(1, "type.googleapis.com/google.rpc.RetryInfo"), len(2, tag(1, 2)));
    expect(decodeStatus(concat(num(1, 8), other, broken))).toEqual({
      kind: "status",
      status: { code: 8, message: "" },
    });
    expect(decodeStatus(concat(retryInfo(num(1, 2)), other))).toMatchObject({ status: { retryAfterMs: 2000 } });
  });

  it("reads a negative delay as none", () => {
    expect(decodeStatus(retryInfo(num(1, -3n)))).toMatchObject({ status: { retryAfterMs: 0 } });
  });

  it("says when it is not a status", () => {
    expect(decodeStatus(tag(3, 2))).toMatchObject({ kind: "malformed" });
  });
});
