/**
 * A service for the W3C trace-context harness: the boundary's middleware in front, and outgoing calls that name a new
 * parent each. `node test/conformance/service.ts express|hono-node|hono-fetch [port]`; the harness posts to `/test`.
 */
import { randomFillSync } from "node:crypto";
import type { RequestListener } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { OwnSpans, ServiceBoundaryOptions, TraceContext } from "@tracemend/context";
import { createIds, formatTraceparent } from "@tracemend/context";
import { boundary as expressBoundary } from "@tracemend/express";
import { boundary as honoBoundary } from "@tracemend/hono";
import express from "express";
import { Hono } from "hono";

export interface Call {
  readonly url: string;
  readonly arguments: readonly Call[];
}

const ids = createIds(randomFillSync);

/** Every pair of spans is taken for export. */
const spans = (): OwnSpans => ({
  traceId: ids.traceId(),
  serverSpanId: ids.spanId(),
  clientSpanId: ids.spanId(),
});

const OPTIONS: ServiceBoundaryOptions = { boundary: { name: "service", cluster: "w3c" }, spans };

/** Makes the calls the harness asks for, one after the other, each under a span of its own. */
async function callAll(calls: readonly Call[], context: TraceContext | undefined): Promise<void> {
  for (const { url, arguments: body } of calls) {
    const headers = new Headers({ "content-type": "application/json" });
    if (context !== undefined) {
      headers.set("traceparent", formatTraceparent({ ...context, parentId: ids.spanId() }));
      if (context.tracestate !== "") headers.set("tracestate", context.tracestate);
    }
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    await answer.arrayBuffer();
  }
}

function onExpress(): RequestListener {
  const app = express().use(expressBoundary(OPTIONS), express.json());
  app.post("/test", async (request, response) => {
    await callAll(request.body as readonly Call[], response.locals.passage?.context);
    response.json({});
  });
  return app;
}

function honoApp(): Hono {
  const app = new Hono();
  app.use(honoBoundary(OPTIONS)).post("/test", async (c) => {
    await callAll(await c.req.json<readonly Call[]>(), c.get("passage")?.context);
    return c.json({});
  });
  return app;
}

function onHonoNode(): RequestListener {
  const listener = getRequestListener(honoApp().fetch);
  return (request, response) => void listener(request, response);
}

/** The app is given plain web Requests and no env, as on a fetch runtime. */
function onHonoFetch(): RequestListener {
  const app = honoApp();
  const listener = getRequestListener((request) => app.fetch(new Request(request)));
  return (request, response) => void listener(request, response);
}

const SERVICES: Readonly<Record<string, () => RequestListener>> = {
  express: onExpress,
  "hono-node": onHonoNode,
  "hono-fetch": onHonoFetch,
};

export const SERVICE_NAMES: readonly string[] = Object.keys(SERVICES);

/** Throws a `TypeError` that names the service where there is none of that name. */
export function serviceOf(name: string): RequestListener {
  const start = SERVICES[name];
  if (start === undefined) throw new TypeError(`no service ${name}; there are ${SERVICE_NAMES.join(", ")}`);
  return start();
}

if (import.meta.main) {
  const [name = "express", port = "0"] = process.argv.slice(2);
  const server = createServer(serviceOf(name)).listen(Number(port), "127.0.0.1", () => {
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/test\n`);
  });
}
