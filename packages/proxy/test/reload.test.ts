import { defineBoundary } from "@tracemend/context";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Passed, Proxy, Route } from "../src/index.ts";
import { createProxy } from "../src/index.ts";
import type { HttpService } from "./http-service.ts";
import { startService } from "./http-service.ts";

const boundary = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1" });

let service: HttpService;
let proxy: Proxy;
let passed: Passed[];
beforeEach(async () => {
  passed = [];
  service = await startService((request, response) => response.end(`${request.headers.host} ${request.url}`));
});
afterEach(async () => {
  await proxy.close(AbortSignal.abort());
  await service.close();
});

async function open(routes: readonly Route[]): Promise<string> {
  proxy = await createProxy({ boundary, listen: {}, routes, observer: { crossed: (one) => void passed.push(one) } });
  return `http://127.0.0.1:${proxy.address.port}`;
}

describe("a route", () => {
  it("may answer itself, with a crossing like any other", async () => {
    const url = await open([
      { name: "robots", match: { path: "/robots.txt" }, answer: { status: 200, body: "none" } },
      { answer: { status: 404 } },
    ]);
    const answer = await fetch(`${url}/robots.txt`);
    expect([answer.status, await answer.text(), answer.headers.get("content-type")]).toEqual([
      200,
      "none",
      "text/plain; charset=utf-8",
    ]);
    const head = await fetch(`${url}/robots.txt`, { method: "HEAD" });
    expect([head.headers.get("content-length"), await head.text()]).toEqual(["4", ""]);
    expect((await fetch(`${url}/x`, { method: "POST", body: "unread" })).status).toBe(404);
    expect(passed.map(({ route, status, upstream, failure }) => [route, status, upstream, failure])).toEqual([
      ["robots", 200, undefined, undefined],
      ["robots", 200, undefined, undefined],
      ["route 1", 404, undefined, undefined],
    ]);
  });

  it("rewrites path and authority on the way, and tells the path that came and the one that left", async () => {
    const url = await open([
      {
        match: { pathPrefix: "/api" },
        upstream: { name: "svc", url: service.url },
        rewrite: { pathPrefix: "/v2", authority: "inner.example" },
      },
    ]);
    expect(await (await fetch(`${url}/api/x?y=1`)).text()).toBe("inner.example /v2/x?y=1");
    expect(passed[0]).toMatchObject({ path: "/api/x", sentPath: "/v2/x", sentScheme: "http" });
    expect(passed[0]?.authority).toBe(new URL(url).host);
  });

  it("keeps all requests of a trace to one way", async () => {
    const answer = (body: string) => ({ match: { headers: [{ name: "host" }] }, answer: { status: 200, body } });
    const other = await startService((_request, response) => response.end("other"));
    const url = await open([
      {
        split: [
          { upstream: { name: "svc", url: service.url }, weight: 1 },
          { upstream: { name: "other", url: other.url }, weight: 1 },
        ],
      },
      answer("never"),
    ]);
    const ways = new Set<string | undefined>();
    for (let trace = 1; trace <= 12; trace += 1) {
      const traceparent = `00-${trace.toString(16).padStart(32, "0")}-00f067aa0ba902b7-00`;
      const before = passed.length;
      for (let at = 0; at < 3; at += 1) await (await fetch(url, { headers: { traceparent } })).text();
      await expect.poll(() => passed.length).toBe(before + 3);
      const taken = new Set(passed.slice(before).map(({ service: name }) => name));
      expect(taken.size).toBe(1);
      for (const way of taken) ways.add(way);
    }
    expect(ways).toEqual(new Set(["svc", "other"]));
    await other.close();
  });
});

describe("rules that change while a proxy listens", () => {
  it("hold for the next request; what is under way ends by the old, and what is the same keeps its connections", async () => {
    const release = Promise.withResolvers<void>();
    const slow = await startService((_request, response) => void release.promise.then(() => response.end("slow")));
    const kept = { name: "svc", url: service.url };
    const url = await open([
      { match: { path: "/slow" }, upstream: { name: "slow", url: slow.url } },
      { upstream: kept },
    ]);
    await (await fetch(url)).text();
    const under = fetch(`${url}/slow`);
    await expect.poll(() => slow.asked.length).toBe(1);
    proxy.reload({ boundary, routes: [{ name: "new", upstream: { ...kept } }] });
    expect(await (await fetch(`${url}/slow`)).text()).toMatch(/\/slow$/);
    expect(proxy.upstreams().map(({ name }) => name)).toEqual(["svc"]);
    release.resolve();
    expect(await (await under).text()).toBe("slow");
    expect(service.connections()).toBe(1);
    expect(new Set(passed.map(({ route }) => route))).toEqual(new Set(["route 1", "new", "route 0"]));
    await slow.close();
  });

  it("are refused where they cannot be, and then nothing changes", async () => {
    const url = await open([{ answer: { status: 204 } }]);
    expect(() => proxy.reload({ boundary, routes: [] })).toThrow("routes is []");
    const twice = [{ upstream: { name: "a", url: "http://a" } }, { upstream: { name: "a", url: "http://b" } }];
    expect(() => proxy.reload({ boundary, routes: twice })).toThrow(TypeError);
    expect((await fetch(url)).status).toBe(204);
  });

  it("bring another policy", async () => {
    const seen: unknown[] = [];
    const recording = await startService((request, response) => {
      seen.push(request.headers["traceparent"]);
      response.end();
    });
    const routes = [{ upstream: { name: "svc", url: recording.url } }];
    const url = await open(routes);
    const headers = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
    await fetch(url, { headers });
    const strip = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1", policy: { strip: true } });
    proxy.reload({ boundary: strip, routes });
    await fetch(url, { headers });
    expect(seen).toEqual([headers.traceparent, undefined]);
    await recording.close();
  });
});
