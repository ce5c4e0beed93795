import type { FieldLines } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import type { RouteMatch } from "../src/routing.ts";
import { compileMatch, matchRoute, pathOf } from "../src/routing.ts";

interface Ask {
  readonly authority?: string;
  readonly target?: string;
  readonly method?: string;
  readonly lines?: FieldLines;
  readonly grpc?: boolean;
}

function query({ authority = "a.example", target = "/", method = "GET", lines = [], grpc = false }: Ask) {
  return { authority, target, grpc, caller: { head: { method, lines } } };
}

function fits(match: RouteMatch, ask: Ask): boolean {
  return compileMatch(match, "match")(query(ask));
}

const routes = Object.entries({
  a81: { authority: "a.example:81" },
  "a-api": { authority: "a.example", pathPrefix: "/api" },
  six: { authority: "[::1]" },
  wild: { authority: "*.wild.example" },
  files: { pathPrefix: "/files/" },
}).map(([to, match]) => ({ to, fits: compileMatch(match, "match") }));

describe("routing", () => {
  it.each([
    ["A.Example:81", "/", "a81"],
    ["a.example", "/api", "a-api"],
    ["a.example:443", "/api/x?y", "a-api"],
    ["a.example", "/apix", undefined],
    ["[::1]:8080", "/", "six"],
    ["x.WILD.example:80", "/", "wild"],
    ["x.y.wild.example", "/", "wild"],
    ["wild.example", "/", undefined],
    ["b", "/files/x", "files"],
    ["b", "/files", undefined],
  ])("sends %s%s to %s", (authority, target, to) => {
    expect(matchRoute(routes, query({ authority, target }))?.to).toBe(to);
  });

  it("knows a path without its query", () => {
    expect([pathOf("/a?b?c"), pathOf("/a")]).toEqual(["/a", "/a"]);
  });
});

describe("a match", () => {
  it.each<[RouteMatch, string, boolean]>([
    [{ path: "/a" }, "/a", true],
    [{ path: "/a" }, "/a?/a", true],
    [{ path: "/a" }, "/a/", false],
    [{ path: "/a?b" }, "/a?b", false],
    [{ pathTemplate: "/users/{id}" }, "/users/7", true],
    [{ pathTemplate: "/users/{id}" }, "/users/7?x=/y", true],
    [{ pathTemplate: "/users/{id}" }, "/users/", false],
    [{ pathTemplate: "/users/{id}" }, "/users/7/x", false],
    [{ pathTemplate: "/users/{id}/orders" }, "/users/7/orders", true],
    [{ pathTemplate: "/users/{id}/orders" }, "/users/7/ordersx", false],
    [{ pathTemplate: "/users/{id}/{**}" }, "/users/7/a/b", true],
    [{ pathTemplate: "/users/{id}/{**}" }, "/users/7", true],
    [{ pathTemplate: "/users/{id}/{**}" }, "/users", false],
    [{ pathTemplate: "/{**}" }, "*", true],
  ])("of %j for %s is %s", (match, target, expected) => {
    expect(fits(match, { target })).toBe(expected);
  });

  it("of methods compares them as they are: they have a case", () => {
    expect(fits({ methods: ["GET", "HEAD"] }, { method: "HEAD" })).toBe(true);
    expect(fits({ methods: ["GET"] }, { method: "get" })).toBe(false);
  });

  it("of headers asks for a value, a prefix, presence or absence", () => {
    const lines = ["X-Tier", " gold-1 ", "X-Empty", ""];
    const header = (match: object) => fits({ headers: [{ name: "x-TIER", ...match }] }, { lines });
    expect([header({}), header({ value: "gold-1" }), header({ value: "gold" }), header({ prefix: "gold" })]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(fits({ headers: [{ name: "x-none", absent: true }] }, { lines })).toBe(true);
    expect(fits({ headers: [{ name: "x-tier", absent: true }] }, { lines })).toBe(false);
    expect(fits({ headers: [{ name: "x-tier" }, { name: "x-none" }] }, { lines })).toBe(false);
  });

  it("of gRPC fits the calls of a service, or one method, and no request that only looks alike", () => {
    const call = { target: "/shop.Cart/Add", grpc: true };
    expect(fits({ grpc: "shop.Cart" }, call)).toBe(true);
    expect(fits({ grpc: "shop.Cart/Add" }, call)).toBe(true);
    expect(fits({ grpc: "shop.Cart/AddAll" }, call)).toBe(false);
    expect(fits({ grpc: "shop.Car" }, call)).toBe(false);
    expect(fits({ grpc: "shop.Cart" }, { ...call, grpc: false })).toBe(false);
  });

  it.each<[string, RouteMatch]>([
    ["match.pathPrefix", { pathPrefix: "x" }],
    ["match.path", { path: "" }],
    ["match.pathTemplate", { pathTemplate: "/a/x{b}" }],
    ["match.pathTemplate", { pathTemplate: "/{**}/a" }],
    ["match is", { path: "/a", pathPrefix: "/a" }],
    ["match.methods", { methods: ["GET", "post"] }],
    ["match.authority", { authority: "https://a.example" }],
    ["match.authority", { authority: "a.example/x" }],
    ["match.authority", { authority: "*.*.example" }],
    ["match.authority", { authority: "a.example:http" }],
  ])("that cannot be is refused by name: %s", (option, match) => {
    expect(() => compileMatch(match, "match")).toThrow(TypeError);
    expect(() => compileMatch(match, "match")).toThrow(option);
  });
});
