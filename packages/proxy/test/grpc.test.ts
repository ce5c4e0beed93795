import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatGrpcTimeout,
  grpcStatus,
  grpcTimeoutMs,
  isGrpc,
  pushbackMs,
  statusInHead,
  trailersOnly,
} from "../src/grpc.ts";

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

  it.each([
    ["3H", 10_800_000],
    ["2M", 120_000],
    ["99999999S", 99_999_999_000],
    ["250m", 250],
    ["1500u", 1.5],
    ["0n", 0],
    ["", undefined],
    ["5", undefined],
    ["5s", undefined],
    ["-1S", undefined],
    ["100000000m", undefined],
  ])("has a deadline of %s in milliseconds: %s", (value, ms) => {
    expect(grpcTimeoutMs(["Grpc-Timeout", value])).toBe(ms);
    expect(grpcTimeoutMs([])).toBeUndefined();
  });

  it("is told of a deadline that is never later than it is, in eight digits", () => {
    const told = fc.double({ min: 0, max: 99_999_999_999, noNaN: true });
    fc.assert(
      fc.property(told, (ms) => {
        const read = grpcTimeoutMs(["grpc-timeout", formatGrpcTimeout(ms)]) as number;
        expect(read).toBeLessThanOrEqual(ms);
        expect(ms - read).toBeLessThan(ms > 99_999_999 ? 1_000 : ms < 1_000 ? 0.002 : 1);
      }),
    );
  });

  it("says in the head alone how it ended where nothing follows, or where no gRPC answered", () => {
    const head = { reason: undefined, trailers: false, last: false };
    expect(statusInHead({ ...head, status: 200, lines: ["grpc-status", "14"], open: false })).toBe(14);
    expect(statusInHead({ ...head, status: 200, lines: ["grpc-status", "14"], open: true })).toBeUndefined();
    expect(statusInHead({ ...head, status: 200, lines: [], open: true })).toBeUndefined();
    expect(statusInHead({ ...head, status: 503, lines: [], open: true })).toBe(14);
    expect(statusInHead({ ...head, status: 404, lines: [], open: true })).toBeUndefined();
  });

  it.each([
    ["0", 0],
    ["1500", 1500],
    ["-1", -1],
    ["", -1],
    ["1.5", -1],
    ["9999999999", -1],
  ])("is pushed back by %j for %i ms", (value, ms) => {
    expect(pushbackMs(["grpc-retry-pushback-ms", value])).toBe(ms);
    expect(pushbackMs([])).toBeUndefined();
  });

  it("encodes what a message may not hold", () => {
    expect(trailersOnly(14, "50 % lost\nü").at(-1)).toBe("50 %25 lost%0A%C3%BC");
  });
});
