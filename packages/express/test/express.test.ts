import type { Request, Response } from "express";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Passage } from "@tracemend/context";
import { defineBoundary } from "@tracemend/context";
import { bodyOf, jsonOf } from "../../../test/support/raw-exchange.ts";
import { boundary, bounded } from "../src/index.ts";
import {
  PARENT,
  SHOP,
  SPANS,
  TRACE,
  TRACEPARENT,
  createRecorder,
  serveForTest as serve,
} from "../../../test/support/service.ts";
import { VERSIONS } from "./apps.ts";

/** Everything the app sees of the trace fields. */
function seen(request: Request, response: Response): void {
  const lines = request.rawHeaders;
  response.json({
    lines: lines.flatMap((name, at) => (at % 2 === 0 && /^trace/i.test(name) ? [[name, lines[at + 1]]] : [])),
    folded: request.headers.traceparent,
    distinct: request.headersDistinct["traceparent"],
    get: request.get("TraceParent"),
    tracestate: request.headers.tracestate,
    context: response.locals.passage?.context,
  });
}

describe.each(VERSIONS)("%s", (_, express) => {
  it("gives the app the context that came, and leaves the request as it is", async () => {
    const app = express()
      .use(boundary({ boundary: SHOP }))
      .get("/", seen);
    const { raw } = await serve(app);
    expect(jsonOf(await raw([`TraceParent: ${TRACEPARENT}`, "tracestate: a=1"]))).toEqual({
      lines: [
        ["TraceParent", TRACEPARENT],
        ["tracestate", "a=1"],
      ],
      folded: TRACEPARENT,
      distinct: [TRACEPARENT],
      get: TRACEPARENT,
      tracestate: "a=1",
      context: { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "a=1" },
    });
  });

  it("collapses two equal lines in every view of the request", async () => {
    const { raw } = await serve(
      express()
        .use(boundary({ boundary: SHOP }))
        .get("/", seen),
    );
    expect(jsonOf(await raw([`traceparent: ${TRACEPARENT}`, `TRACEPARENT: ${TRACEPARENT}`]))).toMatchObject({
      lines: [["traceparent", TRACEPARENT]],
      folded: TRACEPARENT,
      distinct: [TRACEPARENT],
      get: TRACEPARENT,
    });
  });

  it("repairs by policy only", async () => {
    const policy = { repairs: { case: "on" } } as const;
    const { raw } = await serve(
      express()
        .use(boundary({ boundary: { ...SHOP, policy } }))
        .get("/", seen),
    );
    const strict = await serve(
      express()
        .use(boundary({ boundary: SHOP }))
        .get("/", seen),
    );
    const upper = [`traceparent: ${TRACEPARENT.toUpperCase()}`, "tracestate: a=1"];
    expect(jsonOf(await raw(upper))).toMatchObject({ folded: TRACEPARENT, distinct: [TRACEPARENT], tracestate: "a=1" });
    expect(jsonOf(await strict.raw(upper))).toEqual({ lines: [] });
  });

  it("never changes the parent id without a source of spans", async () => {
    const { raw } = await serve(
      express()
        .use(boundary({ boundary: SHOP }))
        .get("/", seen),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.stringMatching(/^[0-9a-f]{31}1$/),
        fc.stringMatching(/^[0-9a-f]{15}1$/),
        fc.integer({ min: 0, max: 3 }),
        async (traceId, parentId, flags) => {
          const answer = jsonOf(await raw([`traceparent: 00-${traceId}-${parentId}-0${flags}`]));
          expect(answer).toMatchObject({ folded: `00-${traceId}-${parentId}-0${flags}`, context: { parentId } });
        },
      ),
      { numRuns: 25 },
    );
    expect(jsonOf(await raw([]))).toEqual({ lines: [] });
  });

  it("puts a granted span in the parent's place", async () => {
    const { raw } = await serve(
      express()
        .use(boundary({ boundary: SHOP, spans: () => SPANS }))
        .get("/", seen),
    );
    const own = `00-${TRACE}-${SPANS.clientSpanId}-01`;
    expect(jsonOf(await raw([`traceparent: ${TRACEPARENT}`]))).toMatchObject({ folded: own, distinct: [own] });
    expect(jsonOf(await raw([]))).toMatchObject({ context: { traceId: SPANS.traceId, parentId: SPANS.clientSpanId } });
  });

  it("believes callers by their address", async () => {
    const policy = (cidr: string) =>
      ({ trust: "restart", trustRules: [{ when: { cidr: [cidr] }, trust: "continue" }] }) as const;
    for (const [cidr, reason] of [
      ["127.0.0.0/8", "intact"],
      ["10.0.0.0/8", "no-span"],
    ] as const) {
      const app = express().use(boundary({ boundary: { ...SHOP, policy: policy(cidr) } }));
      app.get("/", (_request, response) => void response.json(response.locals.passage?.verdict.reason));
      expect(jsonOf(await (await serve(app)).raw([`traceparent: ${TRACEPARENT}`]))).toBe(reason);
    }
  });

  it("works in front of routers, and is crossed once where it is mounted twice", async () => {
    const recorder = createRecorder();
    const shared = defineBoundary({ ...SHOP, side: "ingress" });
    const middleware = boundary({ boundary: shared, spans: () => SPANS, observer: recorder });
    const router = express.Router().use(middleware).get("/item", seen);
    const app = express()
      .use("/shop", middleware, router)
      .use(boundary({ boundary: shared }))
      .get("/", seen);
    const { raw } = await serve(app);
    const answer = await raw([`traceparent: ${TRACEPARENT}`], { target: "/shop/item?secret=1" });
    expect(jsonOf(answer)).toMatchObject({ context: { traceId: TRACE, parentId: SPANS.clientSpanId } });
    expect(await recorder.until(1)).toMatchObject([{ path: "/shop/item", reading: { context: { parentId: PARENT } } }]);
  });

  it("gives the app the same from around it, and is crossed once where it is mounted too", async () => {
    const recorder = createRecorder();
    const shared = { boundary: defineBoundary({ ...SHOP, side: "ingress" }), observer: recorder };
    const app = express().use(boundary(shared)).get("/", seen);
    const { raw } = await serve(bounded(app, shared));
    const answer = jsonOf(await raw([`traceparent: ${TRACEPARENT}`, `traceparent: ${TRACEPARENT}`]));
    expect(answer).toMatchObject({ folded: TRACEPARENT, distinct: [TRACEPARENT], context: { traceId: TRACE } });
    expect(await recorder.until(1)).toMatchObject([{ path: "/", status: 200 }]);
  });

  it("shows a view the context that a handler has, around the app and in it", async () => {
    const viewing = () =>
      express()
        // A view is this very file, which the engine does not look at.
        .engine("ts", (_path, options, done) =>
          done(null, JSON.stringify((options as { readonly passage?: Passage }).passage?.context ?? null)),
        )
        .set("view engine", "ts");
    const view = (_request: Request, response: Response): void => response.render(import.meta.filename);
    const inside = viewing()
      .use(boundary({ boundary: SHOP }))
      .get("/", view);
    const around = viewing().get("/", view);
    for (const listener of [inside, bounded(around, { boundary: SHOP })]) {
      const answer = await (await serve(listener)).raw([`traceparent: ${TRACEPARENT}`]);
      expect(jsonOf(answer)).toMatchObject({ traceId: TRACE, parentId: PARENT });
    }
  });

  it("gives an answer the prototype of its app before its locals, as Express does", async () => {
    const app = express().get("/", seen);
    const written: unknown[] = [];
    Object.defineProperty(app.response, "locals", {
      get: () => written[0],
      set(locals: unknown) {
        written.push(locals);
      },
    });
    const answer = await (await serve(bounded(app, { boundary: SHOP }))).raw([`traceparent: ${TRACEPARENT}`]);
    expect(jsonOf(answer)).toMatchObject({ context: { traceId: TRACE } });
    expect(written[0]).toMatchObject({ passage: { context: { traceId: TRACE } } });
  });

  it("lets a second boundary judge what the first let through", async () => {
    const outer = boundary({ boundary: { ...SHOP, policy: { repairs: { case: "on" } } } });
    const inner = boundary({ boundary: { name: "inner", cluster: "eu-1", policy: { trust: "restart" } } });
    const { raw } = await serve(
      express()
        .use(outer, inner)
        .get("/", (_request, response) => response.json(response.locals.passage)),
    );
    expect(jsonOf(await raw([`traceparent: ${TRACEPARENT.toUpperCase()}`]))).toMatchObject({
      boundary: { name: "inner" },
      reading: { kind: "valid", context: { traceId: TRACE } },
      verdict: { action: "strip", reason: "no-span", links: [{ traceId: TRACE, parentId: PARENT }] },
    });
  });

  it("never fails a request, whatever the observer, the span source or another middleware does", async () => {
    const thrower = (): never => {
      throw new Error("broken");
    };
    const app = express()
      .use((_request, response, next) => {
        Object.freeze(response.locals);
        next();
      })
      .use(boundary({ boundary: SHOP, spans: thrower, servedBy: thrower, answer: ["traceresponse"] }))
      .use(boundary({ boundary: SHOP, observer: { crossed: thrower } }))
      .get("/", (_request, response) => void response.send("served"));
    const { raw } = await serve(app);
    expect(bodyOf(await raw([`traceparent: ${TRACEPARENT}`]))).toBe("served");
    expect(bodyOf(await raw(["traceparent: ff", "traceparent: \u00ff"]))).toBe("served");
  });

  it("carries a thousand requests at once without mixing their contexts", async () => {
    // The last to come is the first to go on.
    const waiting: (() => void)[] = [];
    const app = express()
      .use(boundary({ boundary: SHOP }))
      .get("/", async (request, response) => {
        const before = response.locals.passage?.context?.traceId;
        await new Promise<void>((resolve) => {
          if (waiting.push(resolve) === 1000) for (const go of waiting.toReversed()) setImmediate(go);
        });
        response.json([before, response.locals.passage?.context?.traceId, request.get("traceparent")]);
      });
    const { url } = await serve(app);
    const ids = Array.from({ length: 1000 }, (_each, at) => (at + 1).toString(16).padStart(32, "0"));
    const answers = await Promise.all(
      ids.map(async (id) => {
        const response = await fetch(url, { headers: { traceparent: `00-${id}-${PARENT}-01` } });
        return response.json();
      }),
    );
    expect(answers).toEqual(ids.map((id) => [id, id, `00-${id}-${PARENT}-01`]));
  });
});

describe.each(VERSIONS)("the crossing of %s", (_, express) => {
  it("is told once, when the answer has ended", async () => {
    const recorder = createRecorder();
    let now = 1000;
    const app = express()
      .use(boundary({ boundary: SHOP, observer: recorder, now: () => now }))
      .post("/orders", (request, response) => {
        now = 1250.5;
        request.resume().on("end", () => response.status(201).end());
      });
    const { raw } = await serve(app);
    const lines = [`traceparent: ${TRACEPARENT}`, "User-Agent: curl", "X-Request-Id: 7"];
    await raw(lines, { target: "/orders?card=1", body: "x" });
    expect(await recorder.until(1)).toMatchObject([
      {
        boundary: "shop",
        side: "ingress",
        cluster: "eu-1",
        reading: expect.objectContaining({ kind: "valid" }),
        verdict: expect.objectContaining({ action: "preserve", reason: "intact" }),
        spans: undefined,
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
        upstream: undefined,
        status: 201,
        grpcStatus: undefined,
        failure: undefined,
      },
    ]);
  });

  it("tells a caller that went away before and within a stream, and an answer the app broke off", async () => {
    const recorder = createRecorder();
    const app = express()
      .use(boundary({ boundary: SHOP, observer: recorder }))
      .get("/silent", () => {})
      .get("/stream", (_request, response) => void response.write("first"))
      .get("/broken", (_request, response) => void response.destroy(new Error("disk")));
    const { open, raw } = await serve(app);
    const stream = open([], "/stream");
    stream.once("data", () => stream.destroy());
    const [streamed] = await recorder.until(1);
    expect(streamed).toMatchObject({ status: 200, failure: { kind: "client-gone", side: "downstream" } });
    expect(streamed?.downstream?.address).toBe("127.0.0.1");
    const silent = open([], "/silent");
    silent.end();
    const [, gone] = await recorder.until(2);
    expect(gone).toMatchObject({ status: undefined, failure: { kind: "client-gone" } });
    silent.destroy();
    await raw([], { target: "/broken" });
    const [, , broken] = await recorder.until(3);
    expect(broken).toMatchObject({ status: undefined, failure: { kind: "internal", side: "internal" } });
  });

  it("is told after the last byte of a stream", async () => {
    const recorder = createRecorder();
    const app = express()
      .use(boundary({ boundary: SHOP, observer: recorder }))
      .get("/", (_request, response) => {
        response.write("a");
        setImmediate(() => {
          response.write(String(recorder.crossings.length));
          response.end();
        });
      });
    const { url } = await serve(app);
    expect(await (await fetch(url)).text()).toBe("a0");
    expect(await recorder.until(1)).toMatchObject([{ status: 200, failure: undefined }]);
  });
});
