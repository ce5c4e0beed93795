/** The stock: called by the shop, tells what trace it was called in. */
import type { Observer } from "@tracemend/context";
import { boundary } from "@tracemend/express";
import type { Express } from "express";
import express from "express";

export function createStock(observer: Observer): Express {
  const app = express();
  app.use(boundary({ boundary: { name: "stock", cluster: "eu-1" }, observer }));
  app.get("/stock/:id", (request, response) => {
    response.json({ pieces: request.params.id.length, trace: response.locals.passage?.context?.traceId ?? null });
  });
  return app;
}
