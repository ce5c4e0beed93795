import { createRequire } from "node:module";
import { boundary as expressBoundary, bounded as expressBounded } from "@tracemend/express";
import { boundary as honoBoundary, bounded as honoBounded } from "@tracemend/hono";
import type { FieldLines } from "@tracemend/context";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Served } from "../support/raw-exchange.ts";
import { jsonOf, serveOnSocket, toRawLines } from "../support/raw-exchange.ts";
import { SHOP, SPANS } from "../support/service.ts";
import type { Role } from "./cases.ts";
import { CASES, violations } from "./cases.ts";

// Express 4 is the same package under another name and brings no types of its own.
const express4 = createRequire(import.meta.url)("express4") as typeof express;

const optionsOf = (role: Role) => ({ boundary: SHOP, ...(role === "participant" ? { spans: () => SPANS } : {}) });

/** Apps that answer with the header lines they see behind the middleware. */
const APPS = {
  "express 5": (role: Role) =>
    express()
      .use(expressBoundary(optionsOf(role)))
      .get("/", (request, response) => void response.json(request.rawHeaders)),
  "express 4": (role: Role) =>
    express4()
      .use(expressBoundary(optionsOf(role)))
      .get("/", (request, response) => void response.json(request.rawHeaders)),
  "express 5, bounded": (role: Role) =>
    expressBounded(
      express().get("/", (request, response) => void response.json(request.rawHeaders)),
      optionsOf(role),
    ),
  "express 4, bounded": (role: Role) =>
    expressBounded(
      express4().get("/", (request, response) => void response.json(request.rawHeaders)),
      optionsOf(role),
    ),
  "hono, bounded, on fetch": (role: Role) => {
    const app = new Hono().get("/", (context) => context.json([...context.req.raw.headers].flat()));
    const fetch = honoBounded(app.fetch, optionsOf(role));
    return getRequestListener(async (request) => fetch(new Request(request)));
  },
  "hono on node": (role: Role) =>
    getRequestListener(
      new Hono<{ Bindings: { incoming: { rawHeaders: string[] } } }>()
        .use(honoBoundary(optionsOf(role)))
        .get("/", (context) => context.json(context.env.incoming.rawHeaders)).fetch,
    ),
  "hono on fetch": (role: Role) => {
    const app = new Hono()
      .use(honoBoundary(optionsOf(role)))
      .get("/", (context) => context.json([...context.req.raw.headers].flat()));
    return getRequestListener(async (request) => app.fetch(new Request(request)));
  },
} as const;

describe.each(Object.entries(APPS))("Trace Context Level 2 behind the middleware on %s, by section", (_name, app) => {
  const served: { -readonly [R in Role]?: Served } = {};
  beforeAll(async () => {
    served.participant = await serveOnSocket(app("participant"));
    served["pass-through"] = await serveOnSocket(app("pass-through"));
  });
  afterAll(async () => {
    await Promise.all(Object.values(served).map((one) => one.close()));
  });

  it.each(CASES.map((each) => [each.section, each.role, each.demand, each] as const))(
    "%s, %s: %s",
    async (_section, role, _demand, each) => {
      const answer = await served[role]?.raw(toRawLines(each.sent));
      expect(violations(each, jsonOf(answer ?? "") as FieldLines)).toEqual([]);
    },
  );
});
