/** Everything the boundary stands in front of, each as short as its own way of being used. */
import { createRequire } from "node:module";
import type { RequestListener } from "node:http";
import { Agent } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { ServiceBoundaryOptions } from "@tracemend/context";
import { defineBoundary } from "@tracemend/context";
import { boundary as expressBoundary, bounded as expressBounded } from "@tracemend/express";
import { boundary as honoBoundary, bounded } from "@tracemend/hono";
import { preserve } from "@tracemend/outbound/http-proxy-3";
import { createProxy } from "@tracemend/proxy";
import type { Express } from "express";
import express from "express";
import { Hono } from "hono";
import { ProxyServer } from "http-proxy-3";
import { serveOnSocket } from "../support/raw-exchange.ts";
import type { Behind, Subject, SubjectOptions } from "./subject.ts";
import { BOUNDARY, answerFrom } from "./subject.ts";

// Express 4 is the same package under another name and brings no types of its own.
const express4 = createRequire(import.meta.url)("express4") as typeof express;

export const SUBJECTS = {
  proxy: {
    async open({ policy, spans, observer }, behind) {
      const service = await serveOnSocket((request, response) => answerFrom(behind, request, response));
      const grant = () => {
        const pair = spans();
        return pair && { spans: pair, finish() {}, release() {} };
      };
      const proxy = await createProxy({
        boundary: defineBoundary({ ...BOUNDARY, side: "egress", policy }),
        listen: {},
        routes: [{ upstream: { name: "behind", url: service.url } }],
        spans: { grant },
        observer,
      });
      const close = () => proxy.close(AbortSignal.abort()).then(service.close);
      return { port: proxy.address.port, close };
    },
  },
  "express 4": service((options, behind) => onExpress(express4, options, behind)),
  "express 5": service((options, behind) => onExpress(express, options, behind)),
  "express 4, bounded": service((options, behind) => expressBounded(expressApp(express4, behind), options)),
  "express 5, bounded": service((options, behind) => expressBounded(expressApp(express, behind), options)),
  "hono on node": service((options, behind) => {
    const listener = getRequestListener(onHono(options, behind).fetch);
    return (request, response) => void listener(request, response);
  }),
  "hono on fetch": service((options, behind) => {
    const app = onHono(options, behind);
    const listener = getRequestListener(async (request) => app.fetch(new Request(request)));
    return (request, response) => void listener(request, response);
  }),
  "hono, bounded, on node": service((options, behind) => {
    const listener = getRequestListener(bounded(honoApp(behind).fetch, options));
    return (request, response) => void listener(request, response);
  }),
  "hono, bounded, on fetch": service((options, behind) => {
    const fetch = bounded(honoApp(behind).fetch, options);
    const listener = getRequestListener(async (request) => fetch(new Request(request)));
    return (request, response) => void listener(request, response);
  }),
  "http-proxy-3": {
    async open({ policy, observer }, behind) {
      const service = await serveOnSocket((request, response) => answerFrom(behind, request, response));
      // Without an agent of its own http-proxy-3 closes every connection, and Connection says nothing else.
      const agent = new Agent({ keepAlive: true });
      const gateway = new ProxyServer({ target: service.url, agent });
      preserve(gateway, defineBoundary({ ...BOUNDARY, side: "egress", policy }), { observers: [observer] });
      const front = await serveOnSocket((request, response) => gateway.web(request, response));
      return {
        port: front.port,
        close: () =>
          front
            .close()
            .then(service.close)
            .finally(() => agent.destroy()),
      };
    },
  },
} as const satisfies Readonly<Record<string, Subject>>;

export type SubjectName = keyof typeof SUBJECTS;

/** A service with the middleware in front of its handler. */
function service(listen: (options: ServiceBoundaryOptions, behind: Behind) => RequestListener): Subject {
  return {
    open: ({ policy, ...options }: SubjectOptions, behind) =>
      serveOnSocket(listen({ boundary: { ...BOUNDARY, policy }, ...options }, behind)),
  };
}

function onExpress(framework: typeof express, options: ServiceBoundaryOptions, behind: Behind): RequestListener {
  return expressApp(framework, behind, framework().use(expressBoundary(options)));
}

function expressApp(framework: typeof express, behind: Behind, app: Express = framework()): Express {
  return app.use((request, response) => answerFrom(behind, request, response));
}

function onHono(options: ServiceBoundaryOptions, behind: Behind): Hono {
  const app = new Hono();
  app.use(honoBoundary(options));
  return honoApp(behind, app);
}

function honoApp(behind: Behind, app: Hono = new Hono()): Hono {
  app.all("*", async ({ req: { raw } }) => {
    const gone = new Promise<void>((resolve) => raw.signal.addEventListener("abort", () => resolve()));
    const arrived = { lines: [...raw.headers].flat(), body: raw.body ?? ReadableStream.from([]), gone };
    return new Response(ReadableStream.from(await behind(arrived)));
  });
  return app;
}
