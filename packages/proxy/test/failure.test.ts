import { describe, expect, it } from "vitest";
import { failureOf, grpcStatusOf, statusOf } from "../src/failure.ts";

describe("a failure", () => {
  it("says its side, and is not to be tried again unless it is said", () => {
    expect(failureOf("unreachable")).toEqual({
      kind: "unreachable",
      side: "upstream",
      retry: false,
      code: 2,
      text: "upstream unreachable",
    });
    expect(failureOf("refused", { retry: true, code: 7 })).toMatchObject({ retry: true, code: 7 });
    expect(failureOf("client-gone").side).toBe("downstream");
    expect(failureOf("no-route").side).toBe("internal");
  });

  it.each([
    ["bad-request", 400, 13],
    ["not-implemented", 501, 12],
    ["no-route", 404, 12],
    ["busy", 503, 14],
    ["unreachable", 502, 14],
    ["connect-timeout", 504, 14],
    ["answer-timeout", 504, 4],
    ["refused", 503, 14],
    ["lost", 502, 14],
    ["bad-answer", 502, 14],
    ["internal", 500, 13],
  ] as const)("%s becomes HTTP %i and gRPC %i", (kind, status, grpc) => {
    expect([statusOf(failureOf(kind)), grpcStatusOf(failureOf(kind))]).toEqual([status, grpc]);
  });

  it("tells a gRPC caller what a reset before the answer meant", () => {
    expect(grpcStatusOf(failureOf("reset", { code: 11 }))).toBe(8);
    expect(grpcStatusOf(failureOf("reset", { code: 8 }))).toBe(1);
    expect(grpcStatusOf(failureOf("reset", { code: 7 }))).toBe(14);
    expect(grpcStatusOf(failureOf("reset", { code: 2 }))).toBe(13);
  });
});
