import { describe, expect, it } from "vitest";
import { matchRoute, pathOf } from "../src/routing.ts";

const routes = [
  { match: { authority: "a.example:81" }, to: "a81" },
  { match: { authority: "a.example", pathPrefix: "/api" }, to: "a-api" },
  { match: { authority: "[::1]" }, to: "six" },
  { match: { pathPrefix: "/files/" }, to: "files" },
  { match: {}, to: "rest" },
];

describe("routing", () => {
  it.each([
    ["A.Example:81", "/", "a81"],
    ["a.example", "/api", "a-api"],
    ["a.example:443", "/api/x", "a-api"],
    ["a.example", "/apix", "rest"],
    ["[::1]:8080", "/", "six"],
    ["b", "/files/x", "files"],
    ["b", "/files", "rest"],
  ])("sends %s%s to %s", (authority, path, to) => {
    expect(matchRoute(routes, authority, path)).toBe(to);
  });

  it("has no answer where nothing fits", () => {
    expect(matchRoute(routes.slice(0, 4), "b", "/")).toBeUndefined();
  });

  it("knows a path without its query", () => {
    expect([pathOf("/a?b?c"), pathOf("/a")]).toEqual(["/a", "/a"]);
  });
});
