import { describe, expect, it } from "vitest";
import { grpcStatus, isGrpc, trailersOnly } from "../src/grpc.ts";

describe("gRPC", () => {
  it.each([
    ["application/grpc", true],
    ["application/grpc+proto", true],
    ["application/grpc; charset=x", true],
    ["application/grpc-web", false],
    ["application/grpcx", false],
    ["text/plain", false],
  ])("content type %s is a call: %s", (type, call) => {
    expect(isGrpc(["Content-Type", type])).toBe(call);
  });

  it("has a status only where a number stands", () => {
    expect(grpcStatus(["grpc-status", "14"])).toBe(14);
    expect(grpcStatus(["grpc-status", ""])).toBeUndefined();
    expect(grpcStatus(["grpc-status", "x"])).toBeUndefined();
    expect(grpcStatus([])).toBeUndefined();
  });

  it("encodes what a message may not hold", () => {
    expect(trailersOnly(14, "50 % lost\nü").at(-1)).toBe("50 %25 lost%0A%C3%BC");
  });
});
