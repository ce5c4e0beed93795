import { describe, expect, it } from "vitest";
import { defineTargets } from "../src/index.ts";

describe("defineTargets", () => {
  it.each<[string, string, number | undefined, boolean]>([
    ["orders", "orders", 80, true],
    ["orders", "ORDERS", 80, true],
    ["orders", "orders.", 80, true],
    ["orders", "orders2", 80, false],
    ["orders:8080", "orders", 8080, true],
    ["orders:8080", "orders", 80, false],
    ["orders:8080", "orders", undefined, false],
    ["*.shop.internal", "a.b.shop.internal", 80, true],
    ["*.shop.internal", "shop.internal", 80, false],
    ["*.shop.internal", "evilshop.internal", 80, false],
    ["*.shop.internal", "shop.internal.evil.example", 80, false],
    ["*.shop.internal:8443", "a.shop.internal", 8443, true],
    ["*.shop.internal:8443", "a.shop.internal", 443, false],
    ["10.0.0.0/8", "10.255.1.2", 80, true],
    ["10.0.0.0/8", "11.0.0.1", 80, false],
    ["10.0.0.0/8", "10.example.com", 80, false],
    ["fd00::/8", "[fd12::1]", 80, true],
    ["::1", "[::1]", 80, true],
    ["[::1]:8080", "::1", 8080, true],
    ["[::1]:8080", "::1", 80, false],
    ["127.0.0.1:80", "127.0.0.1", 80, true],
    ["*", "anything.example", undefined, true],
  ])("%s and the host %s, port %s: %s", (pattern, host, port, allowed) => {
    expect(defineTargets([pattern])(host, port)).toBe(allowed);
  });

  it("allows nothing where nothing is listed", () => {
    expect(defineTargets([])("localhost", 80)).toBe(false);
  });

  it.each([
    "",
    "http://orders",
    "orders/path",
    "a b",
    "or*ders",
    "10.0.0.0/33",
    "10.0.0.0/",
    "x/8",
    "user@host",
    "a?b",
  ])("refuses %j", (pattern) => {
    expect(() => defineTargets([pattern])).toThrow(`targets has ${JSON.stringify(pattern)}`);
  });
});
