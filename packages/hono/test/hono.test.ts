import { defineBoundary } from "@tracemend/context";
import type { ServiceBoundaryOptions, TraceContext } from "@tracemend/context";
import type { Context, Handler, Next } from "hono";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { describe, expect, expectTypeOf, it } from "vitest";
import { PARENT, SHOP, SPANS, TRACE, TRACEPARENT, createRecorder } from "../../../test/support/service.ts";
import { boundary } from "../src/index.ts";
import type { AppEnv } from "./apps.ts";
import { RUNTIMES, app, serve } from "./apps.ts";

const UPPER = TRACEPARENT.toUpperCase();
const MENDING = { boundary: { ...SHOP, policy: { repairs: { case: "on" } } } } as const;

function seen(c: Context<AppEnv>): Response {
  return c.json({
    header: c.req.header("traceparent"),
    raw: c.req.raw.headers.get("TraceParent"),
    all: c.req.header()["traceparent"],
    tracestate: c.req.header("tracestate"),
    other: c.req.header("x-other"),
    context: c.get("passage")?.context,
  });
}

describe("an observer that has work left when the answer is given", () => {
  const work = Promise.resolve();
  const observer = { crossed: (_: unknown, waitUntil?: (work: Promise<unknown>) => void) => waitUntil?.(work) };

  it("has a worker wait for it", async () => {
    const waited: Promise<unknown>[] = [];
    const worker = app().use(boundary({ boundary: SHOP, observer }));
    const context = {
      waitUntil: (each: Promise<unknown>) => void waited.push(each),
      passThroughOnException() {},
      props: {},
    };
    await worker.fetch(new Request("http://shop/"), {}, context);
    expect(waited).toEqual([work]);
  });

  it("may ask in vain where no worker ends", async () => {
    const told: unknown[] = [];
    const asking = { crossed: (...all: Parameters<typeof observer.crossed>) => told.push(observer.crossed(...all)) };
    const plain = app().use(boundary({ boundary: SHOP, observer: asking }));
    await plain.request("/");
    expect(told).toHaveLength(1);
  });
});

describe.each(RUNTIMES)("%s", (_, send) => {
  it("gives the app the context that came, and leaves the request as it is", async () => {
    let same: boolean | undefined;
    const plain = app()
      .use(async (c, next) => {
        const before = c.req.raw;
        await next();
        same = c.req.raw === before;
      })
      .use(boundary({ boundary: SHOP }))
      .get("/", seen);
    expect((await send(plain, [`TraceParent: ${TRACEPARENT}`, "tracestate: a=1"])).json).toEqual({
      header: TRACEPARENT,
      raw: TRACEPARENT,
      all: TRACEPARENT,
      tracestate: "a=1",
      context: { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "a=1" },
    });
    expect(same).toBe(true);
  });

  it("collapses two equal lines in every view of the request", async () => {
    const doubled = app()
      .use(boundary({ boundary: SHOP }))
      .get("/", seen);
    const { json } = await send(doubled, [`traceparent: ${TRACEPARENT}`, `traceparent: ${TRACEPARENT}`, "x-other: 1"]);
    expect(json).toMatchObject({ header: TRACEPARENT, raw: TRACEPARENT, all: TRACEPARENT, other: "1" });
  });

  it("takes no context from two lines that differ", async () => {
    const strict = app().use(boundary({ boundary: SHOP }));
    strict.get("/", (c) => c.json([c.get("passage"), c.req.header("traceparent")]));
    const other = `00-${"1".repeat(32)}-${PARENT}-01`;
    const { json } = await send(strict, [`traceparent: ${TRACEPARENT}`, `traceparent: ${other}`]);
    expect(json).toMatchObject([{ reading: { kind: "invalid" }, verdict: { action: "strip" } }, null]);
  });

  it("repairs by policy only, also where someone looked at the headers before", async () => {
    const mending = app()
      .use(async (c, next) => {
        expect(c.req.header("traceparent")).toBe(UPPER);
        expect([...c.req.raw.headers.keys()]).toContain("traceparent");
        await next();
      })
      .use(boundary(MENDING))
      .get("/", seen);
    const lines = [`traceparent: ${UPPER}`, "tracestate: a=1", "x-other: 1"];
    expect((await send(mending, lines)).json).toMatchObject({
      header: TRACEPARENT,
      raw: TRACEPARENT,
      all: TRACEPARENT,
      tracestate: "a=1",
      other: "1",
    });
    const strict = app()
      .use(boundary({ boundary: SHOP }))
      .get("/", seen);
    expect((await send(strict, lines)).json).toEqual({ raw: null, other: "1" });
  });

  it.each([
    ["as it came", async (_c: Context, next: Next) => next()],
    ["counted on its way", bodyLimit({ maxSize: 200_000 })],
    [
      "parsed before",
      async (c: Context, next: Next) => {
        await c.req.json();
        await next();
      },
    ],
  ])("passes a body on through an edited request: %s", async (_, earlier) => {
    const echo = app().use(earlier).use(boundary(MENDING));
    echo.post("/", async (c) => c.json([c.req.header("traceparent"), await c.req.json()]));
    const body = JSON.stringify({ text: "x".repeat(100_000) });
    const { json } = await send(echo, [`traceparent: ${UPPER}`], body);
    expect(json).toEqual([TRACEPARENT, JSON.parse(body)]);
  });

  it("never changes the parent id without a source of spans, and names a granted one as the parent", async () => {
    const without = app()
      .use(boundary({ boundary: SHOP, spans: () => undefined }))
      .get("/", seen);
    expect((await send(without, [`traceparent: ${TRACEPARENT}`])).json).toMatchObject({ header: TRACEPARENT });
    expect((await send(without, [])).json).toEqual({ raw: null });
    const granted = app()
      .use(boundary({ boundary: SHOP, spans: () => SPANS }))
      .get("/", seen);
    const own = `00-${TRACE}-${SPANS.clientSpanId}-01`;
    expect((await send(granted, [`traceparent: ${TRACEPARENT}`])).json).toMatchObject({ header: own, raw: own });
    expect((await send(granted, [])).json).toMatchObject({ context: { traceId: SPANS.traceId } });
  });

  it("takes a context from another format, and clears what a policy clears", async () => {
    const policy = { extract: ["w3c", "b3"], clear: ["x-other"] } as const;
    const foreign = app()
      .use(boundary({ boundary: { ...SHOP, policy } }))
      .get("/", seen);
    const { json } = await send(foreign, [`b3: ${TRACE}-${PARENT}-1`, "x-other: 1"]);
    expect(json).toMatchObject({ context: { traceId: TRACE, parentId: PARENT, flags: 1 } });
    expect(json).not.toHaveProperty("other");
  });

  it("works in front of routes and mounted apps, and is crossed once where it is mounted twice", async () => {
    const recorder = createRecorder();
    const shared: ServiceBoundaryOptions = {
      boundary: defineBoundary({ ...SHOP, side: "ingress" }),
      spans: () => SPANS,
      observer: recorder,
    };
    const inner = app().use(boundary(shared)).get("/", seen);
    const outer = app().use(boundary(shared)).route("/", inner);
    const { json } = await send(outer, [`traceparent: ${TRACEPARENT}`]);
    expect(json).toMatchObject({ context: { parentId: SPANS.clientSpanId } });
    expect(await recorder.until(1)).toMatchObject([{ reading: { context: { parentId: PARENT } } }]);
  });

  it("never fails a request, whatever the observer, the span source or another middleware does", async () => {
    const thrower = (): never => {
      throw new Error("broken");
    };
    const failing = app()
      .use(async (c, next) => {
        Object.defineProperty(c, "set", { value: thrower });
        await next();
      })
      .use(boundary({ boundary: SHOP, spans: thrower, servedBy: thrower, answer: ["traceresponse"] }))
      .use(boundary({ boundary: SHOP, observer: { crossed: thrower } }));
    failing.get("/", (c) => c.json("served"));
    expect(await send(failing, [`traceparent: ${TRACEPARENT}`])).toEqual({ status: 200, json: "served" });
    expect(await send(failing, ["traceparent: ff"])).toEqual({ status: 200, json: "served" });
  });

  it("leaves what was not found, and a handler that answers nothing, to the app", async () => {
    const missing = app().use(boundary({ boundary: SHOP }));
    missing.get("/", (c) => c.notFound());
    missing.notFound((c) => c.json("nothing here", 404));
    expect(await send(missing, [])).toEqual({ status: 404, json: "nothing here" });
    const empty = app().use(boundary({ boundary: SHOP }));
    empty.get("/", (async () => {}) as unknown as Handler);
    empty.onError((error, c) => c.json(error.message, 500));
    expect(await send(empty, [])).toEqual({ status: 500, json: expect.stringContaining("not finalized") });
  });

  it("leaves errors to the app's error handler", async () => {
    const recorder = createRecorder();
    const failing = app().use(boundary({ boundary: SHOP, observer: recorder }));
    failing.get("/", () => {
      throw new Error("broken");
    });
    failing.onError((error, c) => c.json([error.message, c.get("passage")?.context?.traceId], 503));
    expect(await send(failing, [`traceparent: ${TRACEPARENT}`])).toEqual({ status: 503, json: ["broken", TRACE] });
    expect(await recorder.until(1)).toMatchObject([{ status: 503, failure: undefined }]);
  });
});

it("carries a thousand requests at once without mixing their contexts", async () => {
  const meeting = app().use(boundary(MENDING));
  // The last to come is the first to go on.
  const waiting: (() => void)[] = [];
  meeting.get("/", async (c) => {
    const before = c.get("passage")?.context?.traceId;
    await new Promise<void>((resolve) => {
      if (waiting.push(resolve) === 1000) for (const go of waiting.splice(0).toReversed()) setImmediate(go);
    });
    return c.json([before, c.get("passage")?.context?.traceId, c.req.header("traceparent")]);
  });
  const { url } = await serve(meeting);
  const ids = Array.from({ length: 1000 }, (_each, at) => (at + 1).toString(16).padStart(32, "0"));
  const sendAll = (send: (path: string, init: RequestInit) => Response | Promise<Response>): Promise<unknown> =>
    Promise.all(
      ids.map(async (id, at) => {
        const traceparent = `00-${id}-${PARENT}-01`;
        const headers = { traceparent: at % 2 === 0 ? traceparent : traceparent.toUpperCase() };
        return (await send("/", { headers })).json();
      }),
    );
  const expected = ids.map((id) => [id, id, `00-${id}-${PARENT}-01`]);
  expect(await sendAll((path, init) => fetch(`${url}${path}`, init))).toEqual(expected);
  expect(await sendAll((path, init) => meeting.request(path, init))).toEqual(expected);
});

it("types what it sets for the handlers behind it", () => {
  new Hono().use(boundary({ boundary: SHOP })).get("/", (c) => {
    expectTypeOf(c.get("passage")?.context).toEqualTypeOf<TraceContext | undefined>();
    return c.body(null);
  });
});
