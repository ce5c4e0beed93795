import { describe, expect, it } from "vitest";
import { NOT_KEPT, NO_ROUTE, createRoutes } from "../src/routes.ts";

describe("the routes of an edge", () => {
  it.each([
    ["/", "/"],
    ["/v2/cart/4711", "/v2/cart/*"],
    ["/orders/b7e3/lines/9", "/orders/*/lines"],
    ["/users/550e8400-e29b-41d4-a716-446655440000", "/users/*"],
    ["/shop.Cart/GetItems", "/shop.Cart/GetItems"],
  ])("are %s as %s", (path, route) => {
    const routes = createRoutes();
    expect(routes.name(routes.keep(path))).toBe(route);
  });

  it("are bounded, and kept for a sample once many requests were seen", () => {
    const routes = createRoutes();
    const names = Array.from({ length: 100 }, (_, at) =>
      routes.keep(`/${"abcdefghij".charAt(at % 10)}${"klmnopqrst".charAt(at / 10)}`),
    );
    expect(new Set(names).size).toBe(33);
    expect(names.at(-1)).toBe(NO_ROUTE);
    expect(routes.keep(undefined)).toBe(NO_ROUTE);
    const kept = Array.from({ length: 8_000 }, () => routes.keep("/ak")).filter((route) => route !== NOT_KEPT);
    expect(kept.length).toBeLessThan(1_500);
    expect(kept.length).toBeGreaterThan(900);
  });
});
