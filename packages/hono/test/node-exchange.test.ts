import { once } from "node:events";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import type { HttpBindings } from "@hono/node-server";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { jsonOf } from "../../../test/support/raw-exchange.ts";
import { PARENT, SHOP, TRACE, TRACEPARENT, createRecorder } from "../../../test/support/service.ts";
import { boundary } from "../src/index.ts";
import type { AppEnv } from "./apps.ts";
import { app, serve } from "./apps.ts";

const MENDING = { boundary: { ...SHOP, policy: { repairs: { case: "on" } } } } as const;

/** `getRequestListener` puts its own in the place of the global one. */
const NativeRequest = Request;

describe("raw lines", () => {
  it("are those of this request, not of another one that was made with the same env", async () => {
    const inner = app().use(boundary({ boundary: SHOP }));
    inner.get("/inner", (c) => c.json(c.get("passage")?.context?.traceId));
    const headers = { traceparent: `00-${"1".repeat(32)}-${PARENT}-01` };
    const outer = new Hono<{ Bindings: HttpBindings }>();
    outer.get("/", (c) => inner.request("/inner", { headers }, c.env));
    expect(jsonOf(await (await serve(outer)).raw([`traceparent: ${TRACEPARENT}`]))).toBe("1".repeat(32));
  });

  it("are not those of a request of an app's own class, or of one made before the server replaced the global one", async () => {
    class OwnRequest extends Request {}
    const inner = app().use(boundary({ ...MENDING, boundary: { ...MENDING.boundary, name: "inner" } }));
    inner.get("/inner", (c) => c.json([c.get("passage")?.context?.traceId, c.req.header("traceparent")]));
    const headers = { traceparent: `00-${"A".repeat(32)}-${PARENT}-01` };
    for (const Made of [OwnRequest, NativeRequest]) {
      const outer = new Hono<{ Bindings: HttpBindings }>();
      outer.get("/", (c) => inner.fetch(new Made("http://shop/inner", { headers }), c.env));
      const answer = await (await serve(outer)).raw([`traceparent: ${TRACEPARENT}`]);
      expect(jsonOf(answer)).toEqual(["a".repeat(32), headers.traceparent.toLowerCase()]);
    }
  });

  it("are edited on Node, so that what works on the bare request sees the same", async () => {
    const bare = new Hono<AppEnv & { Bindings: HttpBindings }>();
    bare.use(boundary(MENDING)).get("/", (c) => {
      const { headers, rawHeaders } = c.env.incoming;
      return c.json([headers["traceparent"], rawHeaders.includes(TRACEPARENT)]);
    });
    const answer = await (await serve(bare)).raw([`traceparent: ${TRACEPARENT.toUpperCase()}`]);
    expect(jsonOf(answer)).toEqual([TRACEPARENT, true]);
  });

  it.each<[string, (headers: Headers) => unknown]>([
    ["nothing", () => undefined],
    ["one field that is never joined, for which all lines are kept", (headers) => headers.get("user-agent")],
    ["a trace field", (headers) => headers.get("traceparent")],
    ["all fields", (headers) => [...headers]],
  ])("are edited in every view of the request where middleware before asked for %s", async (_name, ask) => {
    const asking = new Hono<AppEnv & { Bindings: HttpBindings }>();
    asking.use(async (c, next) => {
      ask(c.req.raw.headers);
      await next();
    });
    asking.use(boundary({ boundary: { ...SHOP, policy: { repairs: { case: "on" }, clear: ["x-internal"] } } }));
    asking.get("/", (c) => {
      const { headers } = c.req.raw;
      const one = [c.req.header("traceparent"), headers.has("x-internal"), headers.get("x-internal")];
      return c.json([one, c.req.header(), Object.fromEntries(new Request(c.req.raw).headers)]);
    });
    const lines = ["User-Agent: probe", "X-Internal: 1", `Traceparent: ${TRACEPARENT.toUpperCase()}`];
    const [one, ...all] = jsonOf(await (await serve(asking)).raw(lines)) as unknown[];
    expect(one).toEqual([TRACEPARENT, false, null]);
    const left = { host: "shop", connection: "close", "user-agent": "probe", traceparent: TRACEPARENT };
    expect(all).toEqual([left, left]);
  });

  it("are not looked for where env has names that only look like Node's", async () => {
    const bound = app().use(boundary({ boundary: SHOP }));
    bound.get("/", (c) => c.json(c.get("passage")?.context?.traceId));
    for (const env of [{ incoming: 1, outgoing: 2 }, { incoming: null, outgoing: {} }, { incoming: {} }, undefined]) {
      const response = await bound.request("/", { headers: { traceparent: TRACEPARENT } }, env);
      expect(await response.json()).toBe(TRACE);
    }
  });
});

it("believes callers on Node by their address, and on fetch nobody: a Request does not tell who sent it", async () => {
  const policy = { trust: "restart", trustRules: [{ when: { cidr: ["127.0.0.0/8"] }, trust: "continue" }] } as const;
  const ruled = app().use(boundary({ boundary: { ...SHOP, policy } }));
  ruled.get("/", (c) => c.json(c.get("passage")?.verdict.reason));
  expect(jsonOf(await (await serve(ruled)).raw([`traceparent: ${TRACEPARENT}`]))).toBe("intact");
  expect(await (await ruled.request("/", { headers: { traceparent: TRACEPARENT } })).json()).toBe("no-span");
});

describe("the crossing", () => {
  it("is told once on Node, when the answer has ended", async () => {
    const recorder = createRecorder();
    let now = 1000;
    const observed = app().use(boundary({ boundary: SHOP, observer: recorder, now: () => now }));
    observed.post("/orders", async (c) => {
      await c.req.text();
      now = 1250.5;
      return c.body(null, 201);
    });
    const lines = [`traceparent: ${TRACEPARENT}`, "User-Agent: curl", "X-Request-Id: 7"];
    await (await serve(observed)).raw(lines, { target: "/orders?card=1", body: "x" });
    expect(await recorder.until(1)).toEqual([
      expect.objectContaining({
        startMs: 1000,
        endMs: 1250.5,
        protocol: "http/1.1",
        scheme: "http",
        method: "POST",
        path: "/orders",
        authority: "shop",
        userAgent: "curl",
        requestId: "7",
        downstream: { address: "127.0.0.1", port: expect.any(Number) },
        status: 201,
        failure: undefined,
      }),
    ]);
  });

  it("tells a caller that went away within a stream", async () => {
    const recorder = createRecorder();
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void =>
      controller.enqueue(new TextEncoder().encode("first"));
    const streaming = app()
      .use(boundary({ boundary: SHOP, observer: recorder }))
      .get("/", (c) => c.body(new ReadableStream({ start })));
    const socket = (await serve(streaming)).open([]);
    socket.once("data", () => socket.destroy());
    expect(await recorder.until(1)).toMatchObject([{ status: 200, failure: { kind: "client-gone" } }]);
  });

  it("tells a whole and a broken-off exchange over HTTP/2", async () => {
    const recorder = createRecorder();
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void =>
      controller.enqueue(new TextEncoder().encode("first"));
    const observed = app().use(boundary({ ...MENDING, observer: recorder }));
    observed
      .get("/whole", (c) => c.text(c.req.header("traceparent") ?? ""))
      .get("/stream", (c) => c.body(new ReadableStream({ start })));
    const listener = getRequestListener(observed.fetch);
    const server = createHttp2Server((request, response) => void listener(request, response)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const whole = session.request({ ":path": "/whole", traceparent: TRACEPARENT.toUpperCase() });
    expect(String((await whole.toArray())[0])).toBe(TRACEPARENT);
    const stream = session.request({ ":path": "/stream" });
    await once(stream, "data");
    stream.close();
    expect(await recorder.until(2)).toMatchObject([
      { protocol: "h2", path: "/whole", status: 200, failure: undefined, verdict: { reason: "case-repaired" } },
      { protocol: "h2", path: "/stream", status: 200, failure: { kind: "client-gone" } },
    ]);
    session.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it("is told on fetch when the app has answered, failed, or been left", async () => {
    const recorder = createRecorder();
    const caller = new AbortController();
    const thrown: unknown = "no Error, so it passes the error handler by";
    const observed = app().use(boundary({ boundary: SHOP, observer: recorder }));
    observed
      .get("/a", (c) => c.text("ok"))
      .get("/left", (c) => {
        caller.abort();
        return c.text("too late");
      })
      .get("/thrown", () => {
        throw thrown;
      });
    await observed.request("https://shop.example:8443/a?b=c");
    await observed.request("/left", { signal: caller.signal });
    await expect(Promise.resolve(observed.request("/thrown"))).rejects.toBe(thrown);
    expect(await recorder.until(3)).toMatchObject([
      { scheme: "https", authority: "shop.example:8443", path: "/a", status: 200, failure: undefined },
      { status: 200, failure: { kind: "client-gone", side: "downstream" }, downstream: undefined },
      { status: undefined, failure: { kind: "internal", side: "internal" } },
    ]);
  });
});
