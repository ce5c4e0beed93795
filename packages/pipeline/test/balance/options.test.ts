import { describe, expect, test } from "vitest";
import type { BalanceOptions, DestinationOptions } from "@tracemend/pipeline";
import { defineDestination } from "../../src/destination.ts";

const peers = ["a:4317", "b"];
const define = (
  balance: BalanceOptions,
  more: Partial<DestinationOptions> = {},
): ReturnType<typeof defineDestination> =>
  defineDestination({ name: "tier", endpoint: "http://tier:4317", protocol: "grpc", balance, ...more });

describe("a destination of many peers", () => {
  test("has defaults for everything but the resolver", () => {
    expect(define({ resolver: { kind: "static", peers } }).balance).toEqual({
      resolver: { kind: "static", peers },
      ejection: { consecutiveFailures: 5, baseMs: 30_000, maxShare: 0.5 },
      drainMs: 5_000,
    });
  });

  test.for<[string, Partial<BalanceOptions>]>([
    ["balance.resolver.peers must be at least one peer", { resolver: { kind: "static", peers: [] } }],
    ["balance.ejection.consecutiveFailures", { ejection: { consecutiveFailures: 0 } }],
    ["balance.ejection.baseMs", { ejection: { baseMs: 0 } }],
    ["balance.ejection.maxShare", { ejection: { maxShare: 1.1 } }],
    ["balance.drainMs", { drainMs: -1 }],
  ])("is refused with %s", ([message, options]) => {
    expect(() => define({ resolver: { kind: "static", peers }, ...options })).toThrow(message);
  });

  test("cannot fail over as well", () => {
    const failover = { targets: [{ endpoint: "http://b:4317" }] };
    expect(() => define({ resolver: { kind: "static", peers } }, { failover })).toThrow("failover must be absent");
  });
});
