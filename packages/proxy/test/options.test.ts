import { defineBoundary } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import type { ProxyOptions, UpstreamOptions } from "../src/options.ts";
import { completeOptions } from "../src/options.ts";

const boundary = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1" });
const upstream: UpstreamOptions = { name: "svc", url: "http://a.example:8080" };

function complete(more: Partial<ProxyOptions> = {}) {
  return completeOptions({ boundary, listen: {}, routes: [{ upstream }], ...more });
}

describe("the options of a proxy", () => {
  it("are completed: loopback, the kernel's port, limits in bytes", () => {
    const { listen, routes, engine } = complete();
    expect(listen).toEqual({ host: "127.0.0.1", port: 0, tls: undefined });
    expect(routes[0]?.to).toMatchObject({ name: "svc", protocol: "auto", connections: 128 });
    expect(engine.limits.headBytes).toBe(65_536);
  });

  it.each([
    ["listen.port is 70000", { listen: { port: 70_000 } }],
    ["routes is []", { routes: [] }],
    ["routes[0].upstream.name", { routes: [{ upstream: { ...upstream, name: "" } }] }],
    ["routes[0].upstream.url", { routes: [{ upstream: { ...upstream, url: "ftp://a" } }] }],
    ["routes[0].upstream.url", { routes: [{ upstream: { ...upstream, url: "no url" } }] }],
    ["http://u@a/", { routes: [{ upstream: { ...upstream, url: "http://u@a" } }] }],
    ["http://a/base", { routes: [{ upstream: { ...upstream, url: "http://a/base" } }] }],
    ["routes[0].upstream.connections is 0", { routes: [{ upstream: { ...upstream, connections: 0 } }] }],
    ["routes[0].match.pathPrefix", { routes: [{ match: { pathPrefix: "x" }, upstream }] }],
    ["limits.headBytes is -1", { limits: { headBytes: -1 } }],
    ["timeouts.idleMs is null", { timeouts: { idleMs: Number.NaN } }],
  ] as const)("are refused by name: %s", (text, more) => {
    expect(() => complete(more)).toThrow(TypeError);
    expect(() => complete(more)).toThrow(text);
  });
});
