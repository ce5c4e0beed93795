import { defineBoundary } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import type { UpstreamOptions } from "../src/index.ts";
import type { ProxyOptions } from "../src/options.ts";
import { completeEngine, completeListen, completeRoutes } from "../src/options.ts";

const boundary = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1" });
const upstream: UpstreamOptions = { name: "svc", url: "http://a.example:8080" };

function complete(more: Partial<ProxyOptions> = {}) {
  const options = { boundary, listen: {}, routes: [{ upstream }], ...more };
  const engine = completeEngine(options);
  return { engine, listen: completeListen(options.listen), routes: completeRoutes(options.routes, engine) };
}

describe("the options of a proxy", () => {
  it("are completed: loopback, the kernel's port, limits in bytes", () => {
    const { listen, routes, engine } = complete();
    expect(listen).toEqual({ host: "127.0.0.1", port: 0, tls: undefined });
    const settings = routes[0]?.ways[0]?.to;
    expect(settings?.target).toMatchObject({ name: "svc", protocol: "auto", connections: 128 });
    expect(settings).toMatchObject({ balance: "round-robin", persistent: false, retry: { tries: 2 } });
    expect(engine.limits.headBytes).toBe(65_536);
  });

  it("let one upstream be of several routes, but not two of one name", () => {
    expect(() => complete({ routes: [{ upstream }, { upstream: { ...upstream } }] })).not.toThrow();
    expect(() => complete({ routes: [{ upstream }, { upstream: { ...upstream, url: "http://b" } }] })).toThrow(
      'routes[1] is "svc"; it must be an upstream that is the same in all routes',
    );
  });

  const wrongUpstreams: readonly (readonly [string, Partial<UpstreamOptions>])[] = [
    ["name", { name: "" }],
    ["url", { url: "ftp://a" }],
    ["url", { url: "no url" }],
    ["url", { url: "http://u@a" }],
    ["url", { url: "http://a/base" }],
    ["url", { url: "tcp://a" }],
    ["url", { url: "tcp://a:0" }],
    ["url", { url: "tcp://a:1/base" }],
    ["url", { url: "tcp://u@a:1" }],
    ["protocol", { url: "tcp://a:1", protocol: "h2" }],
    ['tls is ["key","cert"]', { url: "tcp://a:1", tls: { key: "secret", cert: "c" } }],
    ["health", { url: "tcp://a:1", health: { path: "/" } }],
    ["maxAgeMs", { url: "tcp://a:1", maxAgeMs: 1 }],
    ["retry.statuses", { url: "tcp://a:1", retry: { statuses: [503] } }],
    ["connections is 0", { connections: 0 }],
    ["endpoints", { endpoints: [] }],
    ["endpoints", { endpoints: ["a"] }],
    ["endpoints.weight is 0", { endpoints: [{ address: "a:1", weight: 0 }] }],
    ["endpoints.kubernetes.service", { endpoints: { kubernetes: { service: "" } } }],
    ["discovery", { endpoints: { kubernetes: { service: "a" } }, discovery: "dns" }],
    ["endpoints", { endpoints: ["u@a:80"] }],
    ["discovery", { endpoints: ["a:80"], discovery: "dns" }],
    ["hashField", { hashField: "cookie" }],
    ["ejection.share", { ejection: { share: 2 } }],
    ["health.path", { health: { path: "x" } }],
    ["health is []", { health: {} }],
    ["health is", { protocol: "h2", health: { path: "/", grpc: "" } }],
    ["health.grpc", { health: { grpc: "" } }],
    ["health.grpc", { url: "https://a", protocol: "http/1.1", health: { grpc: "" } }],
    ["health.intervalMs", { health: { path: "/", intervalMs: 0 } }],
    ["retry.tries", { retry: { tries: 0 } }],
    ["retry.tries", { retry: { tries: 17 } }],
    ["retry.statuses", { retry: { statuses: [200] } }],
    ["retry.grpcStatuses", { retry: { grpcStatuses: [0] } }],
    ["retry.grpcStatuses", { retry: { grpcStatuses: [17] } }],
    ["retry.grpcStatuses", { url: "tcp://a:1", retry: { grpcStatuses: [14] } }],
    ["retry.bufferBytes", { retry: { bufferBytes: 0 } }],
    ["timeouts.totalMs", { timeouts: { totalMs: -1 } }],
    ["limits.requests", { limits: { requests: Number.NaN } }],
    ["maxAgeMs", { maxAgeMs: 0 }],
  ];
  it.each(wrongUpstreams)("are refused by name: an upstream's %s", (text, more) => {
    const routes = [{ upstream: { ...upstream, ...more } }];
    expect(() => complete({ routes })).toThrow(TypeError);
    expect(() => complete({ routes })).toThrow(`routes[0].upstream.${text}`);
  });

  it.each([
    ["listen.port is 70000", { listen: { port: 70_000 } }],
    ["listen.proxyProtocol.trusted is []", { listen: { proxyProtocol: { trusted: [] } } }],
    ["listen.proxyProtocol.timeoutMs is 0", { listen: { proxyProtocol: { trusted: ["::1"], timeoutMs: 0 } } }],
    ["routes is []", { routes: [] }],
    ["limits.headBytes is -1", { limits: { headBytes: -1 } }],
    ["timeouts.idleMs is null", { timeouts: { idleMs: Number.NaN } }],
    ["timeouts.idleMs is null", { timeouts: { idleMs: Number.POSITIVE_INFINITY } }],
  ] as const)("are refused by name: %s", (text, more) => {
    expect(() => complete(more)).toThrow(TypeError);
    expect(() => complete(more)).toThrow(text);
  });
});
