import { describe, expect, it } from "vitest";
import { hashTraceId } from "../src/index.ts";
import { PARENT_LINE, TRACE } from "./heads.ts";

describe("the hash of a trace id", () => {
  it("is digits of either half", () => {
    expect(hashTraceId("0123456789abcdeffedcba9876543210")).toBe("cdef3210");
  });

  it("is the same by itself and in its place in a traceparent", () => {
    expect(hashTraceId(PARENT_LINE, 3)).toBe(hashTraceId(TRACE));
  });

  it.each([
    ["cut to 64 bits", "6531d4f0a1b2c3d40000000012345678", "00000000000000000000000012345678"],
    ["of 64 bits", "00000000000000001111111111111111", "00000000000000001111111111112222"],
  ])("tells traces apart: %s", (_, one, other) => {
    expect(hashTraceId(one)).not.toBe(hashTraceId(other));
  });
});
