/** us-1: a Hono catalogue that continues the trace it is given. */
import "./tracing.ts";
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { listen } from "./listen.ts";

const catalogue = new Hono();

catalogue.get("/products", (context) =>
  context.json({ products: ["kettle", "lamp"], requestId: context.req.header("x-request-id") ?? null }),
);

listen(createAdaptorServer({ fetch: catalogue.fetch }) as Server);
