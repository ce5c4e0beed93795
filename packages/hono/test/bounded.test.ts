import { defineBoundary } from "@tracemend/context";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { describe, expect, it } from "vitest";
import { getRequestListener } from "@hono/node-server";
import { bodyOf, fieldsOf, jsonOf } from "../../../test/support/raw-exchange.ts";
import { SHOP, SPANS, TRACE, TRACEPARENT, createRecorder, serveForTest } from "../../../test/support/service.ts";
import { boundary, bounded, passageOf } from "../src/index.ts";
import { app, serve } from "./apps.ts";

const HEADERS = { headers: { traceparent: TRACEPARENT } };
const ask = (init: RequestInit = HEADERS): Request => new Request("http://shop/cart?a=1", init);
const seeing = () =>
  new Hono().get("/cart", (c) => c.json([passageOf(c)?.verdict.reason, c.req.header("traceparent")]));

describe("a boundary around an app's fetch", () => {
  it("has the passage at hand in handlers, without a middleware", async () => {
    const fetch = bounded(seeing().fetch, { boundary: SHOP });
    expect(await (await fetch(ask())).json()).toEqual(["intact", TRACEPARENT]);
    expect(passageOf({ get: () => undefined, req: { raw: ask() } } as never)).toBeUndefined();
  });

  it("shows the app the edits, on fetch and on Node", async () => {
    const fetch = bounded(seeing().fetch, { boundary: { ...SHOP, policy: { repairs: { case: "on" } } } });
    const upper = TRACEPARENT.toUpperCase();
    expect(await (await fetch(ask({ headers: { traceparent: upper } }))).json()).toEqual([
      "case-repaired",
      TRACEPARENT,
    ]);
    const listener = getRequestListener(fetch);
    const served = await serveForTest((request, response) => void listener(request, response));
    const answer = await served.raw([`traceparent: ${upper}`], { target: "/cart" });
    expect(jsonOf(answer)).toEqual(["case-repaired", TRACEPARENT]);
  });

  it("holds however the app is asked, where it takes the place of the app's own fetch", async () => {
    const app = seeing();
    app.fetch = bounded(app.fetch, { boundary: SHOP });
    expect(await (await app.request("/cart", HEADERS)).json()).toEqual(["intact", TRACEPARENT]);
    const served = await serve(app);
    const answer = await served.raw([`traceparent: ${TRACEPARENT}`], { target: "/cart" });
    expect(jsonOf(answer)).toEqual(["intact", TRACEPARENT]);
  });

  it("hands on what others have put on a request that it makes anew", async () => {
    const app = new Hono().get("/cart", (c) => c.json([Reflect.get(c.req.raw, "params"), c.req.header("traceparent")]));
    const fetch = bounded(app.fetch, { boundary: { ...SHOP, policy: { repairs: { case: "on" } } } });
    const request = Object.assign(ask({ headers: { traceparent: TRACEPARENT.toUpperCase() } }), {
      params: { id: "7" },
    });
    expect(await (await fetch(request)).json()).toEqual([{ id: "7" }, TRACEPARENT]);
  });

  it("leaves the edits in the headers behind a middleware that puts a new request in its place", async () => {
    const app = new Hono().use(bodyLimit({ maxSize: 1000 }));
    app.post("/cart", async (c) => c.json([passageOf(c), c.req.header("traceparent"), await c.req.text()]));
    const fetch = bounded(app.fetch, { boundary: { ...SHOP, policy: { repairs: { case: "on" } } } });
    const body = new Blob(["of unknown length"]).stream();
    const init = { method: "POST", headers: { traceparent: TRACEPARENT.toUpperCase() }, body, duplex: "half" as const };
    expect(await (await fetch(ask(init))).json()).toEqual([null, TRACEPARENT, "of unknown length"]);
  });

  it("gives what the app gives, a promise only where it is one", async () => {
    const response = new Response("ok");
    expect(bounded(() => response, { boundary: SHOP })(ask())).toBe(response);
    expect(await bounded(async () => response, { boundary: SHOP })(ask())).toBe(response);
  });

  it("hands on the environment and the execution context", async () => {
    const seen: unknown[] = [];
    const fetch = bounded(
      (_request: Request, ...rest: readonly unknown[]) => {
        seen.push(...rest);
        return new Response();
      },
      { boundary: SHOP },
    );
    await fetch(ask(), { a: 1 }, "context");
    expect(seen).toEqual([{ a: 1 }, "context"]);
  });

  it("says in the answer which span served it, whatever Response that is", async () => {
    const answer = ["traceresponse", "server-timing"] as const;
    const options = { boundary: SHOP, spans: () => SPANS, answer };
    const value = `00-${TRACE}-${SPANS.serverSpanId}-01`;
    const origin = { "access-control-allow-origin": "*", "server-timing": "db;dur=3" };
    for (const response of [new Response("ok", { headers: origin }), Response.redirect("http://shop/")]) {
      const { headers } = await bounded(() => response, options)(ask());
      expect(headers.get("traceresponse")).toBe(value);
      expect(headers.get("server-timing")).toContain(`traceparent;desc="${value}"`);
      expect(headers.get("access-control-expose-headers")).toBe(
        headers.has("access-control-allow-origin") ? "traceresponse" : null,
      );
    }
    const listener = getRequestListener(bounded(seeing().fetch, options));
    const served = await serveForTest((request, response) => void listener(request, response));
    const raw = await served.raw([`traceparent: ${TRACEPARENT}`], { target: "/cart" });
    expect(fieldsOf(raw, "traceresponse")).toEqual([value]);
    expect(bodyOf(raw)).toContain("intact");
  });

  it("is crossed once where the middleware of the same boundary stands in the app, and again by the next dispatch", async () => {
    const recorder = createRecorder();
    const shared = defineBoundary({ ...SHOP, side: "ingress" });
    const inner = app().use(boundary({ boundary: shared, observer: recorder }));
    inner.get("/cart", (c) => c.json(c.get("passage")?.context?.traceId));
    const fetch = bounded(inner.fetch, { boundary: shared, observer: recorder });
    const request = ask();
    for (let times = 1; times <= 2; times += 1) {
      expect(await (await fetch(request)).json()).toBe(TRACE);
      expect(recorder.crossings).toHaveLength(times);
    }
  });

  it("tells of an app that throws, and lets it throw", async () => {
    const recorder = createRecorder();
    const failing = bounded(
      () => {
        throw new Error("broken");
      },
      { boundary: SHOP, observer: recorder },
    );
    await expect(failing(ask())).rejects.toThrow("broken");
    expect(recorder.crossings).toMatchObject([{ status: undefined, failure: { kind: "internal", side: "internal" } }]);
  });

  it("has a worker wait for what its observer has left to do", async () => {
    const work = Promise.resolve();
    const observer = { crossed: (_: unknown, waitUntil?: (work: Promise<unknown>) => void) => waitUntil?.(work) };
    const waited: unknown[] = [];
    const fetch = bounded(seeing().fetch, { boundary: SHOP, observer });
    await fetch(ask(), {}, { waitUntil: (each) => void waited.push(each), passThroughOnException() {}, props: {} });
    await fetch(ask());
    expect(waited).toEqual([work]);
  });

  it("goes on where a runtime lets nothing be written to a request", async () => {
    const fetch = bounded(seeing().fetch, { boundary: SHOP });
    expect(await (await fetch(Object.freeze(ask()))).json()).toEqual([null, TRACEPARENT]);
  });
});
