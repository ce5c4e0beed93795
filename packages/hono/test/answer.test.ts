import { trace } from "@opentelemetry/api";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { describe, expect, it } from "vitest";
import { bodyOf, fieldsOf } from "../../../test/support/raw-exchange.ts";
import { SHOP, SPANS, TRACE, TRACEPARENT } from "../../../test/support/service.ts";
import { allowTraceHeaders, boundary } from "../src/index.ts";
import { app, serve } from "./apps.ts";

const VALUE = `00-${TRACE}-${SPANS.serverSpanId}-01`;
const ASKED = { boundary: SHOP, spans: () => SPANS, answer: ["traceresponse", "server-timing"] } as const;
const HEADERS = { traceparent: TRACEPARENT, origin: "https://shop.example" };

describe("the answer", () => {
  it("names the span that served it, beside what the app says, whatever kind of answer that is", async () => {
    const answering = app().use(boundary(ASKED));
    answering
      .get("/text", (c) => c.text("ok", 200, { "Server-Timing": "db;dur=3" }))
      .get("/plain", () => new Response("ok", { headers: { "Server-Timing": "db;dur=3" } }))
      .get("/immutable", () => Response.redirect("https://shop.example/"))
      .get("/error", () => {
        throw new Error("broken");
      });
    answering.onError((_error, c) => c.text("sorry", 500));
    for (const path of ["/text", "/plain"]) {
      const response = await answering.request(path, { headers: HEADERS });
      expect(response.headers.get("traceresponse")).toBe(VALUE);
      expect(response.headers.get("server-timing")).toBe(`db;dur=3, traceparent;desc="${VALUE}"`);
      expect(response.headers.get("access-control-expose-headers")).toBeNull();
      expect(await response.text()).toBe("ok");
    }
    for (const path of ["/immutable", "/error", "/missing"])
      expect((await answering.request(path, { headers: HEADERS })).headers.get("traceresponse")).toBe(VALUE);
    const raw = await (await serve(answering)).raw([`traceparent: ${TRACEPARENT}`], { target: "/text" });
    expect(fieldsOf(raw, "traceresponse")).toEqual([VALUE]);
    expect(bodyOf(raw)).toBe("ok");
  });

  it("lets a script of another origin read it, where the app grants that origin", async () => {
    const granting = app()
      .use(boundary(ASKED))
      .use(cors({ origin: "https://shop.example", exposeHeaders: ["ETag"] }))
      .get("/", (c) => c.text("ok"));
    const response = await granting.request("/", { headers: HEADERS });
    expect(response.headers.get("access-control-expose-headers")).toBe("ETag, traceresponse");
  });

  it("says nothing where no span is known, and no tracer is installed", async () => {
    const servedBy = () => trace.getActiveSpan()?.spanContext();
    const silent = app()
      .use(boundary({ boundary: SHOP, answer: ["traceresponse", "server-timing"], servedBy }))
      .get("/", (c) => c.text("ok"));
    const response = await silent.request("/", { headers: HEADERS });
    expect(response.headers.get("traceresponse")).toBeNull();
    expect(response.headers.get("server-timing")).toBeNull();
  });

  it("leaves a stream a stream", async () => {
    let release = (): void => {};
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      controller.enqueue(new TextEncoder().encode("first"));
      release = () => controller.close();
    };
    const streaming = app()
      .use(boundary(ASKED))
      .get("/", (c) => c.body(new ReadableStream({ start })));
    const response = await fetch((await serve(streaming)).url, { headers: HEADERS });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
    release();
    expect((await reader.read()).done).toBe(true);
    expect(response.headers.get("traceresponse")).toBe(VALUE);
  });

  it("leaves an answer that is none, as one of an upgrade, as it is", async () => {
    const upgraded = Object.defineProperty(new Response(null), "status", { value: 101 });
    const upgrading = app()
      .use(boundary(ASKED))
      .get("/", () => upgraded);
    expect(await upgrading.request("/", { headers: HEADERS })).toBe(upgraded);
  });
});

it("allows trace headers in preflights that the app grants, and in no others", async () => {
  const preflight = {
    method: "OPTIONS",
    headers: {
      origin: "https://shop.example",
      "access-control-request-method": "GET",
      "access-control-request-headers": "content-type,traceparent",
    },
  };
  const granting = new Hono()
    .use(allowTraceHeaders())
    .use(cors({ origin: "https://shop.example", allowHeaders: ["Content-Type"] }));
  const allowed = async (app: Hono, init: RequestInit): Promise<string | null> =>
    (await app.request("/", init)).headers.get("access-control-allow-headers");
  expect(await allowed(granting, preflight)).toMatch(/^Content-Type, ?traceparent$/);
  const silent = new Hono().use(allowTraceHeaders()).options("/", (c) => c.body(null, 204));
  expect(await allowed(silent, preflight)).toBeNull();
  expect(await allowed(granting, { method: "OPTIONS", headers: { origin: "https://shop.example" } })).toBe(
    "Content-Type",
  );
});
