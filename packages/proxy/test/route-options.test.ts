import { describe, expect, it } from "vitest";
import type { Route } from "../src/route-options.ts";
import { completeRoute, rewritePath, wayAt } from "../src/route-options.ts";
import { completeEngine } from "../src/options.ts";

const engine = completeEngine({});
const upstream = { name: "svc", url: "http://a.example:8080" };
const db = { name: "db", url: "tcp://10.0.0.1:5432" };
const atDb = { authority: "db.internal:5432" };
const other = { name: "other", url: "http://b.example:8080" };

describe("a route", () => {
  it("shares requests by weight, none to a weight of 0", () => {
    const split = [
      { upstream, weight: 0 },
      { upstream: other, weight: 3 },
      { upstream, weight: 1 },
      { upstream: other, weight: 0 },
    ];
    const { ways } = completeRoute({ split }, 0, engine);
    const names = [0, 0.74, 0.75, 0.999_999].map((share) => wayAt(ways, share)?.name);
    expect(names).toEqual(["other", "other", "svc", "svc"]);
    expect(wayAt(ways, 1)?.name).toBe("svc");
  });

  it.each([
    ["/api", "/v2", "/api/x?y", "/v2/x?y"],
    ["/api", "/", "/api/x", "/x"],
    ["/api", "/", "/api", "/"],
    ["/api", "/v2/", "/api?x", "/v2/?x"],
    ["/api/", "/v2", "/api/x", "/v2/x"],
    ["/api/", "/", "/api/x", "/x"],
  ])("replaces %s by %s: %s becomes %s", (prefix, by, target, expected) => {
    const { path } = completeRoute({ upstream, match: { pathPrefix: prefix }, rewrite: { pathPrefix: by } }, 0, engine);
    expect(path === undefined ? undefined : rewritePath(path, target)).toBe(expected);
  });

  it.each([
    [{}, undefined],
    [{ path: "/cart" }, "/cart"],
    [{ pathTemplate: "/users/{id}" }, "/users/{id}"],
    [{ pathPrefix: "/api" }, undefined],
  ])("is told by one text for many paths: %j", (match, template) => {
    expect(completeRoute({ upstream, match }, 0, engine).template).toBe(template);
  });

  it("answers itself with the bytes and fields it was given", () => {
    const answer = { status: 301, body: "ö", fields: { location: "https://a" } };
    const ready = completeRoute({ answer }, 0, engine).answer;
    expect(ready?.lines).toEqual([
      "location",
      "https://a",
      "content-type",
      "text/plain; charset=utf-8",
      "content-length",
      "2",
    ]);
    expect(completeRoute({ answer: { status: 204 } }, 0, engine).answer?.lines).toEqual([]);
  });

  it("is a tunnel where its upstream is tcp:, and is no other way", () => {
    const match = { authority: "db.internal:5432", headers: [{ name: "proxy-authorization", value: "Basic eDp5" }] };
    expect(completeRoute({ match, upstream: db }, 0, engine).tunnel).toBe(true);
    expect(completeRoute({ upstream }, 0, engine).tunnel).toBe(false);
  });

  it.each<[string, Route]>([
    ["routes[0].match.authority", { upstream: db }],
    ["routes[0].match.authority", { upstream: db, match: { authority: "db.internal" } }],
    ["routes[0].match.authority", { upstream: db, match: { authority: "[::1]" } }],
    ["routes[0].match.authority", { upstream: db, match: { authority: "db.internal:0" } }],
    ["routes[0].match.path", { upstream: db, match: { ...atDb, path: "/" } }],
    ["routes[0].match.methods", { upstream: db, match: { ...atDb, methods: ["CONNECT"] } }],
    ["routes[0].rewrite", { upstream: db, match: atDb, rewrite: { authority: "a" } }],
    ["routes[0].mirror", { upstream: db, match: atDb, mirror: { upstream } }],
    ["routes[0].requestFields", { upstream: db, match: atDb, requestFields: { remove: ["x"] } }],
    ["routes[0].mirror.upstream.url", { upstream, mirror: { upstream: db } }],
    [
      "routes[0].split",
      {
        match: atDb,
        split: [
          { upstream: db, weight: 1 },
          { upstream, weight: 1 },
        ],
      },
    ],
    ["routes[0] is", {}],
    ["routes[0] is", { upstream, answer: { status: 200 } }],
    ["routes[0].split", { split: [] }],
    ["routes[0].split", { split: [{ upstream, weight: -1 }] }],
    ["routes[0].split", { split: [{ upstream, weight: 0 }] }],
    ["routes[0].answer.status", { answer: { status: 100 } }],
    ["routes[0].answer.body", { answer: { status: 204, body: "x" } }],
    ["routes[0].rewrite.pathPrefix", { upstream, rewrite: { pathPrefix: "/x" } }],
    ["routes[0].rewrite.pathPrefix", { upstream, match: { pathPrefix: "/" }, rewrite: { pathPrefix: "x" } }],
    ["routes[0].timeouts.answerMs", { upstream, timeouts: { answerMs: 0 } }],
    ["routes[0].traceresponse", { upstream, traceresponse: ["x" as "traceresponse"] }],
    ["routes[0].mirror", { answer: { status: 200 }, mirror: { upstream } }],
    ["routes[0].mirror.share", { upstream, mirror: { upstream: other, share: 1.1 } }],
    ["routes[0].mirror.bufferBytes", { upstream, mirror: { upstream: other, bufferBytes: 0 } }],
    ["routes[0].mirror.hostSuffix", { upstream, mirror: { upstream: other, hostSuffix: ":1" } }],
    ["routes[0].mirror.sampling", { upstream, mirror: { upstream: other, sampling: "x" as "deny" } }],
    ["routes[0].mirror.upstream.url", { upstream, mirror: { upstream: { name: "m", url: "ftp://a" } } }],
  ])("that cannot be is refused by name: %s", (option, route) => {
    expect(() => completeRoute(route, 0, engine)).toThrow(TypeError);
    expect(() => completeRoute(route, 0, engine)).toThrow(option);
  });
});
