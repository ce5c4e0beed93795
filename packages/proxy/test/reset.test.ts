import { describe, expect, it } from "vitest";
import { grpcStatusOfReset, relayedReset } from "../src/reset.ts";

describe("a reset on its way to the other side", () => {
  it("keeps the codes that speak of the exchange", () => {
    expect([7, 8, 11, 12, 13].map(relayedReset)).toEqual([7, 8, 11, 12, 13]);
  });

  it("turns the codes that speak of one connection's framing into an internal error", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 9, 10, 99].map(relayedReset)).toEqual(Array.from({ length: 10 }, () => 2));
  });

  it("has a status in gRPC", () => {
    expect([7, 8, 11, 12, 1].map(grpcStatusOfReset)).toEqual([14, 1, 8, 7, 13]);
  });
});
