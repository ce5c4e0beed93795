/** us-1: a traced service that ignores `traceparent`: it runs with OTEL_PROPAGATORS=none, so each request is a new trace. */
import "./tracing.ts";
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { listen } from "./listen.ts";

const prices = new Hono();

prices.get("/prices", (context) =>
  context.json({ prices: { kettle: 31, lamp: 12 }, requestId: context.req.header("x-request-id") ?? null }),
);

listen(createAdaptorServer({ fetch: prices.fetch }) as Server);
